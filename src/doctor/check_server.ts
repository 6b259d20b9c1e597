/** Whether the connector's server can be reached and takes the connector for what it is. */

import { type ConnectorKeys, isKeystoreError } from "../keystore/mod.ts";
import {
  dialSecureSession,
  type Endpoint,
  formatEndpoint,
  HandshakeError,
  type HandshakeFailure,
} from "../transport/mod.ts";
import { TLS_ANSWER } from "../wire/postgres/mod.ts";
import { askForTls } from "./ask_for_tls.ts";
import { type CheckReport, errorAt, type Finding } from "./finding.ts";
import { isFinding, type PeerToReach, reach } from "./reach.ts";

const HANDSHAKE_MS = 5_000;

/** Where the server is, and how it is spoken to. */
export interface ServerToCheck {
  readonly endpoint: Endpoint;
  readonly clientId: string;
  readonly transport: "raw" | "secure-session";
  /** For Secure Session; `null` when they cannot be used. */
  readonly keys: ConnectorKeys | null;
}

/**
 * Connects, and with Secure Session makes the whole handshake, which proves the keys of both sides; over
 * raw transport it asks the database a question.
 */
export async function checkServer(options: ServerToCheck): Promise<CheckReport> {
  const { endpoint, clientId, transport, keys } = options;
  const check = "server";
  const place = formatEndpoint(endpoint);
  const peer: PeerToReach = {
    endpoint,
    name: "the server",
    hostSetting: "acraserver_connection_host",
    portSetting: "acraserver_connection_port",
    advice: "acra server runs and listens for other machines (`acra doctor server` there)",
  };
  const connection = await reach(peer);
  if (isFinding(connection)) {
    return { check, facts: [], findings: [connection] };
  }
  if (transport === "raw") {
    return { check, ...judge(await askForTls(connection), place) };
  }
  const untried = { check, facts: [`somebody answers on ${place}${UNTRIED}`], findings: [] };
  if (keys === null) {
    connection.abort();
    return untried;
  }
  try {
    const secure = await dialSecureSession(connection, {
      clientId,
      privateKey: keys.readClientKey(),
      serverKey: keys.readServerPublicKey(),
      timeoutMs: HANDSHAKE_MS,
    });
    secure.abort();
    const fact = `the server on ${place} and client ${clientId} prove themselves to each other`;
    return { check, facts: [fact], findings: [] };
  } catch (error) {
    connection.abort();
    // That the keys cannot be used, the check of the keys says.
    return isKeystoreError(error)
      ? untried
      : { check, facts: [], findings: [explain(error, place, clientId)] };
  }
}

/** What a refusal means on this side of it. */
const REFUSALS: Readonly<Partial<Record<HandshakeFailure, (id: string) => [string, string]>>> = {
  closed: (id) => [
    `the server closes the connection: it has no keys of client ${id}, other ones, or expects another transport`,
    `compare \`acra keys list\` on both sides: the server needs ${id}.pub of this connector, and ${id}_server; its log says which is wrong`,
  ],
  authentication: (id) => [
    `the server does not prove itself: its key is not the one of ${id}_server.pub here`,
    `copy ${id}_server.pub from the server's host again (\`acra keys export\`); if it was right, somebody else answers there`,
  ],
  timeout: () => [
    "it accepts the connection and does not answer as a server of acra",
    "check address and port: they have to name acra server, and its log should show this connection",
  ],
  malformed: () => [
    "what answers there is no acra server with Secure Session",
    "check address and port, and that the server has no other transport (--acraconnector_tls_transport_enable, --acraconnector_transport_encryption_disable)",
  ],
};

function explain(error: unknown, place: string, clientId: string): Finding {
  if (!(error instanceof HandshakeError)) {
    throw error;
  }
  const words = REFUSALS[error.reason]?.(clientId);
  const [what, fix] = words ?? [error.message, "look into the server's log"];
  return errorAt(place, what, fix);
}

const UNTRIED = "; no handshake was tried, for the keys cannot be used";

/** A server with raw transport answers as a database does. */
function judge(answer: number | null, place: string): Omit<CheckReport, "check"> {
  if (answer === TLS_ANSWER.yes || answer === TLS_ANSWER.no) {
    return { facts: [`${place} answers as a server with raw transport does`], findings: [] };
  }
  const finding = errorAt(
    place,
    "nobody answers as a server with raw transport does",
    "check address and port, and that the server has raw transport too (--acraconnector_transport_encryption_disable)",
  );
  return { facts: [], findings: [finding] };
}
