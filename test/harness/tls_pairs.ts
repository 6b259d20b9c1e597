/** Pairs of connections with TLS between them, or with the reason why there is none. */

import {
  acceptTls,
  type ClientCertificatePolicy,
  type Connection,
  createTlsClientSetup,
  createTlsServerSetup,
  type SecuredConnection,
  type ServerVerification,
  startTls,
  TlsError,
  type TlsFailure,
  type TlsIdentity,
  type TlsOptions,
} from "../../src/transport/mod.ts";
import { TestAuthority } from "./certificates.ts";
import { makePair } from "./connections.ts";

/** Whom both sides trust, and a stranger whom nobody does. */
export const authority = await TestAuthority.create();
export const stranger = await TestAuthority.create("CN=A stranger");
export const serverIdentity: TlsIdentity = await authority.issue({ name: "CN=server" });
export const clientIdentity: TlsIdentity = await authority.issue({
  name: "CN=client",
  dns: [],
  ip: [],
});

/** What is special about a handshake. */
export interface Handshake {
  readonly server?: {
    readonly identity?: TlsIdentity;
    readonly ca?: string | null;
    readonly policy?: ClientCertificatePolicy;
  };
  readonly client?: {
    readonly identity?: TlsIdentity | null;
    readonly ca?: string | null;
    readonly verification?: ServerVerification;
    readonly name?: string;
  };
  readonly serverOptions?: TlsOptions;
  readonly clientOptions?: TlsOptions;
}

/** A connection, or why there is none. */
export type Outcome = SecuredConnection | TlsError;

/** The failure as a value. */
export async function outcomeOf(secured: Promise<SecuredConnection>): Promise<Outcome> {
  try {
    return await secured;
  } catch (error) {
    if (error instanceof TlsError) {
      return error;
    }
    throw error;
  }
}

/** Takes the server's part. */
export function accept(
  base: Connection,
  { server = {}, serverOptions }: Handshake,
): Promise<Outcome> {
  const setup = createTlsServerSetup(
    { identity: server.identity ?? serverIdentity, ca: server.ca ?? authority.cert },
    server.policy ?? "none",
  );
  return outcomeOf(acceptTls(base, setup, { timeoutMs: 2_000, ...serverOptions }));
}

/** Takes the client's part. */
export function start(
  base: Connection,
  { client = {}, clientOptions }: Handshake,
): Promise<Outcome> {
  const setup = createTlsClientSetup(
    {
      identity: client.identity ?? null,
      ca: client.ca === undefined ? authority.cert : client.ca,
    },
    client.verification ?? "authority-and-name",
    client.name ?? "localhost",
  );
  return outcomeOf(startTls(base, setup, { timeoutMs: 2_000, ...clientOptions }));
}

/** Both parts on a fresh pair of connections. */
export async function shakeHands(
  handshake: Handshake = {},
): Promise<{ readonly server: Outcome; readonly client: Outcome }> {
  const { accepted, dialled } = await makePair();
  const [server, client] = await Promise.all([
    accept(accepted, handshake),
    start(dialled, handshake),
  ]);
  return { server, client };
}

/** The connection, which has to be there. */
export function good(outcome: Outcome): SecuredConnection {
  if (outcome instanceof TlsError) {
    throw outcome;
  }
  return outcome;
}

/** How it went, in one word. */
export function reasonOf(outcome: Outcome): TlsFailure | "ok" {
  return outcome instanceof TlsError ? outcome.reason : "ok";
}

/** A pair of connections that speak TLS. */
export async function makeSecuredPair(handshake: Handshake = {}) {
  const { server, client } = await shakeHands(handshake);
  return { accepted: good(server).connection, dialled: good(client).connection };
}
