/**
 * Who is let in: listeners that move and come back, and how many connections there may be at once.
 *
 * @module
 */

export { Ceiling } from "./ceiling.ts";
export { type ConnectionLimits, planConnections } from "./connection_limits.ts";
export { Gate, type Move, type PortSharing } from "./gate.ts";
export { ownPlaces, type Places, SharedPlaces } from "./places.ts";
export { createRefusals, type ReportTooMany } from "./refusals.ts";
