/** Connecting to an endpoint, within a time. */

import type { Connection } from "./connection.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import type { SocketConnection } from "./socket_connection.ts";
import { adoptSocket, makeSocketHandlers, type SocketData } from "./socket_handlers.ts";

/** Limits of connecting. */
export interface DialOptions {
  /** How long the connection may take to stand, in ms. */
  readonly timeoutMs: number;
}

let abandoned: Int32Array<ArrayBufferLike> = new Int32Array(1);

/**
 * Attempts of this thread that were given up and that the system has not ended yet, which the runtime
 * cannot make it do: each of them still holds a descriptor, for two minutes at worst.
 */
export function countAbandonedDials(): number {
  return Atomics.load(abandoned, 0);
}

/** Counts them in the first element of `cell` from now on, where other threads can see them. */
export function countAbandonedDialsIn(cell: Int32Array<ArrayBufferLike>): void {
  Atomics.add(cell, 0, countAbandonedDials());
  abandoned = cell;
}

/**
 * Connects. The connection reads nothing until it is started.
 * @throws Error that names the endpoint and the reason: refused, unknown host, no such socket, too slow.
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<SocketConnection>();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    Atomics.add(abandoned, 0, 1);
    void connecting.finally(() => Atomics.sub(abandoned, 0, 1));
    reject(dialError(endpoint, `no answer within ${options.timeoutMs} ms`));
  }, options.timeoutMs);
  const opened = (connection: SocketConnection) => {
    if (late) {
      connection.abort();
    } else {
      resolve(connection);
    }
  };
  const connecting = connectSocket(endpoint, opened).catch((error: unknown) => {
    reject(dialError(endpoint, describe(error), error));
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

async function connectSocket(
  endpoint: Endpoint,
  opened: (connection: SocketConnection) => void,
): Promise<void> {
  const unixPath = endpoint.kind === "unix" ? endpoint.path : null;
  const common = {
    allowHalfOpen: true,
    data: { connection: null } as SocketData,
    socket: {
      ...makeSocketHandlers(() => {}),
      open: (socket: Bun.Socket<SocketData>) => opened(adoptSocket(socket, unixPath)),
    },
  };
  if (endpoint.kind === "unix") {
    await Bun.connect<SocketData>({ unix: endpoint.path, ...common });
  } else {
    const hostname = endpoint.host === "" ? "localhost" : endpoint.host;
    await Bun.connect<SocketData>({ hostname, port: endpoint.port, ...common });
  }
}

function dialError(endpoint: Endpoint, reason: string, cause?: unknown): Error {
  return new Error(`Cannot connect to ${formatEndpoint(endpoint)}: ${reason}`, { cause });
}

function describe(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
      return "unknown host";
    case "ENOENT":
      return "no such socket";
    case "EACCES":
      return "permission denied";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
