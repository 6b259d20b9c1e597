/**
 * The pump: the only code that ties sockets to a session object. It feeds bytes in, carries actions
 * out in their order, and lets neither side run ahead of the other (DESIGN §2, §5).
 *
 * @module
 */

export { PassThroughSession } from "./pass_through_session.ts";
export { Pump, type PumpMeter, type PumpOptions, type StartTls } from "./pump.ts";
export type { PumpEnd } from "./pump_end.ts";
