/**
 * Many cores for one connection: a session tells ahead which AcraStructs it is about to open, and threads
 * that have nothing better to do unwrap the data keys of the later ones meanwhile. The answer of the
 * session is the same with and without them, byte for byte.
 *
 * @module
 */

export { Board } from "./board.ts";
export { KeyHelper, type UnwrapFor } from "./key_helper.ts";
export { Requests } from "./requests.ts";
