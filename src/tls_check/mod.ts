/**
 * Tries TLS before anybody depends on it: with a peer, and with our own listener side.
 *
 * @module
 */

export { type LegResult, tryLeg } from "./try_leg.ts";
export { tryListener } from "./try_listener.ts";
