/** Tries TLS with a peer that we connect to, up to its first words behind the handshake. */

import { ByteWriter } from "../bytes/mod.ts";
import {
  type Connection,
  dial,
  type Endpoint,
  startTls,
  type TlsClientSetup,
  TlsError,
  type TlsFailure,
  type TlsHandshake,
} from "../transport/mod.ts";
import { SSL_REQUEST, TLS_ANSWER } from "../wire/postgres/mod.ts";
import { BorrowedConnection } from "./borrowed_connection.ts";

const TIMEOUT_MS = 5_000;
/** In TLS 1.3 a peer refuses our certificate after our side is done: this long we wait for it. */
const ALERT_MS = 2_000;
const PROTOCOL = 0x30000;
const ERROR_RESPONSE = 0x45;

/** How the peer begins TLS. */
export type TlsBeginning = "ask-first" | "postgresql-direct" | "at-once";

/** What came of it; `refusal` is a word of {@link TlsFailure}, or what happened before TLS. */
export type LegResult =
  | { readonly ok: true; readonly peer: TlsHandshake; readonly complaint: string }
  | {
      readonly ok: false;
      readonly refusal: TlsFailure | "unreachable" | "no-tls";
      readonly message: string;
    };

/** Dials, shakes hands and listens for a late refusal. */
export async function tryLeg(
  endpoint: Endpoint,
  setup: TlsClientSetup,
  beginning: TlsBeginning,
): Promise<LegResult> {
  let raw: Connection;
  try {
    raw = await dial(endpoint, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    return { ok: false, refusal: "unreachable", message: messageOf(error) };
  }
  const base = new BorrowedConnection(raw);
  try {
    if (beginning === "ask-first") {
      const answer = await base.ask(SSL_REQUEST, TIMEOUT_MS);
      if (answer?.[0] !== TLS_ANSWER.yes) {
        return noTls(answer);
      }
    }
    const alpn = beginning === "postgresql-direct" ? ["postgresql"] : [];
    const { connection, peer } = await startTls(base, setup, { timeoutMs: TIMEOUT_MS, alpn });
    const complaint = await listenBehind(connection, beginning !== "at-once");
    connection.abort();
    return { ok: true, peer, complaint };
  } catch (error) {
    if (!(error instanceof TlsError)) {
      throw error;
    }
    return { ok: false, refusal: error.reason, message: error.message };
  } finally {
    base.abort();
  }
}

function noTls(answer: Uint8Array | null): LegResult {
  const message =
    answer?.[0] === TLS_ANSWER.no
      ? "it does not speak TLS"
      : "it did not answer the request for TLS as PostgreSQL does";
  return { ok: false, refusal: "no-tls", message };
}

/**
 * Answers what PostgreSQL complains about, or an empty string.
 * @throws TlsError when the peer closes: that is how it refuses our certificate.
 */
function listenBehind(connection: Connection, asDatabase: boolean): Promise<string> {
  const heard = Promise.withResolvers<string>();
  const timer = setTimeout(() => heard.resolve(""), ALERT_MS);
  connection.start({
    data: (bytes) => heard.resolve(readComplaint(bytes)),
    drained: () => {},
    ended: () => heard.reject(new TlsError("closed")),
    closed: (error) => heard.reject(error instanceof TlsError ? error : new TlsError("closed")),
  });
  if (asDatabase) {
    connection.write(startupMessage());
  }
  return heard.promise.finally(() => clearTimeout(timer));
}

function startupMessage(): Uint8Array {
  const words = Buffer.from("user\0acra_tls_check\0database\0postgres\0\0");
  const head = new ByteWriter()
    .u32be(words.length + 8)
    .u32be(PROTOCOL)
    .finish();
  return Buffer.concat([head, words]);
}

/** The field M of an ErrorResponse. */
function readComplaint(bytes: Uint8Array): string {
  if (bytes[0] !== ERROR_RESPONSE) {
    return "";
  }
  const fields = Buffer.from(bytes.subarray(5)).toString("utf8").split("\0");
  return (fields.find((field) => field.startsWith("M"))?.slice(1) ?? "").slice(0, 300);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
