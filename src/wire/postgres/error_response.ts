/** ErrorResponse, as the proxy itself sends it. */

import { ByteWriter } from "../../bytes/mod.ts";
import { BACKEND } from "./message_codes.ts";

const LENGTH_SIZE = 4;
const text = new TextEncoder();

/** An error that ends the session. */
export interface FatalError {
  /** SQLSTATE: five characters. */
  readonly code: string;
  readonly message: string;
}

/** The whole message, header included, with the fields S, V, C and M. */
export function encodeFatalError({ code, message }: FatalError): Uint8Array {
  return new ByteWriter()
    .u8(BACKEND.errorResponse)
    .lengthPrefixed32be((body) => {
      for (const field of ["SFATAL", "VFATAL", `C${code}`, `M${message}`]) {
        body.cstring(text.encode(field));
      }
      body.u8(0);
    }, LENGTH_SIZE)
    .finish();
}
