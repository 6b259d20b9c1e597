/** Messages of the SASL login, as far as channel binding concerns the proxy (acra-proxy.md §5.2). */

import { ByteReader, ByteWriter } from "../../bytes/mod.ts";
import { BACKEND } from "./message_codes.ts";

// Specification.
const AUTHENTICATION_SASL = 10;
const LENGTH_SIZE = 4;
/** The mechanism that is bound to the server's certificate. */
const BOUND_MECHANISM = "SCRAM-SHA-256-PLUS";

const fromText = new TextEncoder();
const toText = new TextDecoder("latin1");

/**
 * The mechanisms that an Authentication message offers; `null` when it asks for something else.
 * @throws FormatError when the body is damaged.
 */
export function decodeSaslMechanisms(body: Uint8Array): readonly string[] | null {
  const reader = new ByteReader(body, "AuthenticationSASL");
  if (reader.u32be() !== AUTHENTICATION_SASL) {
    return null;
  }
  const mechanisms: string[] = [];
  for (let name = reader.cstring(); name.length > 0; name = reader.cstring()) {
    mechanisms.push(toText.decode(name));
  }
  reader.end();
  return mechanisms;
}

/** A whole AuthenticationSASL message. */
export function encodeSaslMechanisms(mechanisms: readonly string[]): Uint8Array {
  return new ByteWriter()
    .u8(BACKEND.authentication)
    .lengthPrefixed32be((body) => {
      body.u32be(AUTHENTICATION_SASL);
      for (const name of mechanisms) {
        body.cstring(fromText.encode(name));
      }
      body.u8(0);
    }, LENGTH_SIZE)
    .finish();
}

/** Whether a mechanism's proof covers the certificate that the client sees. */
export function isBoundToCertificate(mechanism: string): boolean {
  return mechanism === BOUND_MECHANISM;
}

/**
 * The mechanism that a SASLInitialResponse chooses.
 * @throws FormatError when no name stands at the beginning of the body.
 */
export function decodeChosenMechanism(body: Uint8Array): string {
  return toText.decode(new ByteReader(body, "SASLInitialResponse").cstring());
}
