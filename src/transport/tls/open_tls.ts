/** Setting up TLS on a connection that nobody reads from yet (acra-formats.md §5.4, acra-proxy.md §5.2). */

import type { Connection } from "../connection.ts";
import { TlsConnection, type TlsHandshake } from "./tls_connection.ts";
import { TlsError } from "./tls_error.ts";
import { type TlsClientSetup, type TlsServerSetup, verifyServer } from "./tls_setup.ts";

const HANDSHAKE_TIMEOUT_MS = 10_000;
const NOTHING = new Uint8Array(0);

/** Limits and circumstances of one handshake. */
export interface TlsOptions {
  /** How long it may take, in ms; 10 s unless given. */
  readonly timeoutMs?: number;
  /** Bytes of the peer that were read already. */
  readonly head?: Uint8Array;
  /** Application protocols (ALPN); none unless given. */
  readonly alpn?: readonly string[];
}

/** A connection with TLS, and what is known of the peer. */
export interface SecuredConnection {
  /** Plain bytes to and from the peer; reads nothing until it is started. */
  readonly connection: Connection;
  readonly peer: TlsHandshake;
}

/**
 * Takes the server's part. Of a certificate that has to be shown or to be good and is not, the answer
 * depends on the policy: "require-and-verify" refuses in the handshake itself, the others after it.
 * @throws TlsError when it fails; the connection is closed then.
 */
export async function acceptTls(
  base: Connection,
  setup: TlsServerSetup,
  options: TlsOptions = {},
): Promise<SecuredConnection> {
  const secured = await run(base, { kind: "server", setup, alpn: options.alpn ?? [] }, options);
  checkClient(secured, setup);
  return secured;
}

/**
 * Takes the client's part and looks at the server's certificate as the setup says.
 * @throws TlsError when it fails; the connection is closed then.
 */
export async function startTls(
  base: Connection,
  setup: TlsClientSetup,
  options: TlsOptions = {},
): Promise<SecuredConnection> {
  const secured = await run(base, { kind: "client", setup, alpn: options.alpn ?? [] }, options);
  const { certificate, trusted, complaint } = secured.peer;
  refusing(secured, () => verifyServer(setup, certificate, trusted, complaint));
  return secured;
}

async function run(
  base: Connection,
  role: ConstructorParameters<typeof TlsConnection>[1],
  { timeoutMs = HANDSHAKE_TIMEOUT_MS, head = NOTHING, alpn = [] }: TlsOptions,
): Promise<SecuredConnection> {
  const connection = new TlsConnection(base, role);
  const secured = { connection, peer: await connection.handshake(head, timeoutMs) };
  refusing(secured, () => {
    // Who asks for a protocol by name speaks nothing else: PostgreSQL's rule against cross-protocol attacks.
    if (alpn.length > 0 && !alpn.includes(secured.peer.alpn)) {
      throw new TlsError("alpn", `expected ${alpn.join(", ")}`);
    }
  });
  return secured;
}

function checkClient(secured: SecuredConnection, setup: TlsServerSetup): void {
  const { certificate, trusted, complaint } = secured.peer;
  refusing(secured, () => {
    if (certificate === null) {
      if (/^require/.test(setup.clientCertificates)) {
        throw new TlsError("no-certificate");
      }
    } else if (/verify/.test(setup.clientCertificates) && !trusted) {
      throw complaint ?? new TlsError("untrusted");
    }
  });
}

function refusing({ connection }: SecuredConnection, check: () => void): void {
  try {
    check();
  } catch (error) {
    connection.abort();
    throw error;
  }
}
