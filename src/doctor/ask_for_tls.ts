/** A question that every PostgreSQL answers with one letter, and nobody else does. */

import type { Connection } from "../transport/mod.ts";
import { SSL_REQUEST } from "../wire/postgres/mod.ts";

const ANSWER_MS = 3_000;

/** The first byte of the answer, `null` when there is none; the connection is over then. */
export async function askForTls(connection: Connection): Promise<number | null> {
  const heard = Promise.withResolvers<number | null>();
  const timer = setTimeout(() => heard.resolve(null), ANSWER_MS);
  connection.start({
    data: (bytes) => heard.resolve(bytes[0] ?? null),
    drained: () => {},
    ended: () => heard.resolve(null),
    closed: () => heard.resolve(null),
  });
  connection.write(SSL_REQUEST);
  try {
    return await heard.promise;
  } finally {
    clearTimeout(timer);
    connection.abort();
  }
}
