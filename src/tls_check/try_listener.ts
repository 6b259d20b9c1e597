/** Shakes hands with our own listener side, so that we see what applications will see. */

import {
  acceptTls,
  type Connection,
  dial,
  listen,
  startTls,
  type TlsClientSetup,
  type TlsHandshake,
  type TlsServerSetup,
} from "../transport/mod.ts";

const TIMEOUT_MS = 5_000;

/**
 * Nobody's certificate is asked for here: which ones are good is up to those who will come.
 * @throws TlsError when the handshake fails.
 */
export async function tryListener(
  server: TlsServerSetup,
  client: TlsClientSetup,
): Promise<TlsHandshake> {
  const accepted = Promise.withResolvers<Connection>();
  const listener = await listen(
    { kind: "tcp", host: "127.0.0.1", port: 0 },
    { accepted: accepted.resolve, failed: accepted.reject },
  );
  const limits = { timeoutMs: TIMEOUT_MS };
  try {
    const near = await dial(listener.endpoint, limits);
    const far = await accepted.promise;
    const ours = acceptTls(far, { ...server, clientCertificates: "none" }, limits);
    const [, theirs] = await Promise.all([ours, startTls(near, client, limits)]).finally(() => {
      near.abort();
      far.abort();
    });
    return theirs.peer;
  } finally {
    listener.close();
  }
}
