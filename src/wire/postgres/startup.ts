/**
 * Messages without a type byte, which open a connection: StartupMessage, SSLRequest, GSSENCRequest,
 * CancelRequest (acra-proxy.md §5.2).
 */

import { ByteReader, ByteWriter, FormatError } from "../../bytes/mod.ts";
import { STARTUP_CODE } from "./message_codes.ts";

// Specification.
/** Bytes of such a message that tell its length and its code. */
export const STARTUP_HEADER_LENGTH = 8;
/** As PostgreSQL limits it. */
const MAXIMUM_LENGTH = 10_000;
const REQUEST_LENGTH = 8;
const MINIMUM_CANCEL_LENGTH = 16;
const PROTOCOL_MAJOR = 3;
/** First byte of a TLS record with a handshake: TLS without asking first. */
const TLS_HANDSHAKE = 0x16;

/** What such a message asks for; `unsupported` is a protocol that nobody here speaks. */
export type StartupKind = "startup" | "ssl" | "gssenc" | "cancel" | "unsupported";

/** The head of such a message. */
export interface StartupHeader {
  readonly kind: StartupKind;
  /** Bytes of the whole message. */
  readonly length: number;
}

/** An SSLRequest, which is answered by one byte without a header: {@link TLS_ANSWER}. */
export const SSL_REQUEST: Uint8Array = new ByteWriter()
  .u32be(REQUEST_LENGTH)
  .u32be(STARTUP_CODE.sslRequest)
  .finish();

/** Answers to SSLRequest and GSSENCRequest. */
export const TLS_ANSWER = {
  yes: 0x53, // S
  no: 0x4e, // N
} as const;

/** Whether a connection begins with TLS itself in place of a message. */
export function isDirectTls(bytes: Uint8Array): boolean {
  return bytes[0] === TLS_HANDSHAKE;
}

/**
 * Reads the first 8 bytes of such a message.
 * @throws FormatError for a length that such a message cannot have.
 */
export function decodeStartupHeader(bytes: Uint8Array): StartupHeader {
  const reader = new ByteReader(bytes, "StartupMessage");
  const length = reader.u32be();
  const kind = kindOf(reader.u32be());
  if (!isPlausible(kind, length)) {
    throw new FormatError("StartupMessage", `length ${length}`, 0);
  }
  return { kind, length };
}

function kindOf(code: number): StartupKind {
  switch (code) {
    case STARTUP_CODE.sslRequest:
      return "ssl";
    case STARTUP_CODE.gssEncRequest:
      return "gssenc";
    case STARTUP_CODE.cancelRequest:
      return "cancel";
    default:
      return code >>> 16 === PROTOCOL_MAJOR ? "startup" : "unsupported";
  }
}

function isPlausible(kind: StartupKind, length: number): boolean {
  switch (kind) {
    case "ssl":
    case "gssenc":
      return length === REQUEST_LENGTH;
    case "cancel":
      return length >= MINIMUM_CANCEL_LENGTH && length <= MAXIMUM_LENGTH;
    case "startup":
    case "unsupported":
      return length >= STARTUP_HEADER_LENGTH && length <= MAXIMUM_LENGTH;
  }
}
