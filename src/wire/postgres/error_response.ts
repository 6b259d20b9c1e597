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
  /** What to do about it. */
  readonly hint?: string;
}

/** The whole message, header included, with the fields S, V, C, M and, when there is one, H. */
export function encodeFatalError({ code, message, hint }: FatalError): Uint8Array {
  return new ByteWriter()
    .u8(BACKEND.errorResponse)
    .lengthPrefixed32be((body) => {
      const hints = hint === undefined ? [] : [`H${hint}`];
      for (const field of ["SFATAL", "VFATAL", `C${code}`, `M${message}`, ...hints]) {
        body.cstring(text.encode(field));
      }
      body.u8(0);
    }, LENGTH_SIZE)
    .finish();
}
