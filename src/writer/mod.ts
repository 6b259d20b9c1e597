/**
 * The publishable library: makes AcraStructs, so that an application writes protected values
 * straight into its database. It needs the public storage key only and talks to nobody.
 * `scripts/build_writer.ts` packs it for npm; it runs in browsers.
 *
 * @module
 */

import { createAcrastruct } from "./create_acrastruct.ts";

export { createAcrastruct } from "./create_acrastruct.ts";
export { WriterError, type WriterErrorCode } from "./writer_error.ts";

/** `createAcrastruct` under the name that the writers for Python, Ruby and PHP give it. */
export const create_acrastruct = createAcrastruct;

/** `createAcrastruct` under the name that examples for Node use. */
export const create_acra_struct = createAcrastruct;
