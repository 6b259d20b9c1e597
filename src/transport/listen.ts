/** Accepting connections at an endpoint. */

import type { Socket, SocketHandler } from "bun";
import type { Connection } from "./connection.ts";
import { type Endpoint, formatEndpoint } from "./endpoint.ts";
import { type PeerInfo, readPeerInfo } from "./peer_info.ts";
import { SocketFile } from "./socket_file.ts";
import { adoptSocket, makeSocketHandlers, type SocketData } from "./socket_handlers.ts";
import { removeStaleSocket } from "./stale_socket.ts";

/** All addresses of both families, and of the first one where the second is missing. */
const ANY_HOST = "::";
const ANY_HOST_IPV4 = "0.0.0.0";

/** What a listener tells its owner. */
export interface ListenHandler {
  /** A peer connected; nothing is read from it until the connection is started. */
  accepted(connection: Connection, info: PeerInfo): void;
  /** Something failed that ends no more than one connection. */
  failed(error: Error): void;
}

/** How to listen. */
export interface ListenOptions {
  /** Lets several threads or processes listen on the same port and share its connections. */
  readonly reusePort?: boolean;
}

/** A socket that accepts connections. */
export interface Listener {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly endpoint: Endpoint;
  /** Whether peers still find it: the file of a unix socket may be removed or replaced by others. */
  readonly isThere: boolean;
  /** Stops accepting and removes the file of a unix socket, if it is still ours; accepted connections go on. */
  close(): void;
}

/**
 * Starts to listen. The file of a unix socket nobody listens on any more is replaced.
 * @throws Error that names the endpoint and the reason.
 */
export async function listen(
  endpoint: Endpoint,
  handler: ListenHandler,
  options: ListenOptions = {},
): Promise<Listener> {
  try {
    if (endpoint.kind === "unix") {
      await removeStaleSocket(endpoint.path);
      const server = Bun.listen<SocketData>({
        unix: endpoint.path,
        allowHalfOpen: true,
        data: { connection: null },
        socket: makeHandlers(handler, endpoint.path),
      });
      return makeListener(endpoint, () => server.stop(false), new SocketFile(endpoint.path));
    }
    const server = listenTcp(endpoint.host, endpoint.port, handler, options);
    return makeListener({ ...endpoint, port: server.port }, () => server.stop(false), null);
  } catch (error) {
    throw new Error(`Cannot listen on ${formatEndpoint(endpoint)}: ${describe(error)}`, {
      cause: error,
    });
  }
}

function listenTcp(host: string, port: number, handler: ListenHandler, options: ListenOptions) {
  // The types of the runtime name `reusePort` for outgoing sockets only; listening ones obey it too.
  const common = {
    port,
    reusePort: options.reusePort ?? false,
    allowHalfOpen: true,
    data: { connection: null },
    socket: makeHandlers(handler, null),
  };
  const listenOn = (hostname: string) => Bun.listen<SocketData>({ ...common, hostname });
  if (host !== "") {
    return listenOn(host);
  }
  try {
    return listenOn(ANY_HOST);
  } catch (error) {
    if (codeOf(error) === "EADDRINUSE") {
      throw error;
    }
    return listenOn(ANY_HOST_IPV4);
  }
}

function makeHandlers(handler: ListenHandler, unixPath: string | null): SocketHandler<SocketData> {
  return {
    ...makeSocketHandlers((error) => handler.failed(error)),
    open: (socket: Socket<SocketData>) => {
      const connection = adoptSocket(socket, unixPath);
      handler.accepted(connection, readPeerInfo(socket, unixPath));
    },
  };
}

function makeListener(endpoint: Endpoint, stop: () => void, file: SocketFile | null): Listener {
  let open = true;
  return {
    endpoint,
    get isThere() {
      return open && file?.isThere !== false;
    },
    close: () => {
      if (open) {
        open = false;
        if (file === null) {
          stop();
        } else {
          file.close(stop);
        }
      }
    },
  };
}

function describe(error: unknown): string {
  switch (codeOf(error)) {
    case "EADDRINUSE":
      return "the address is already in use";
    case "EADDRNOTAVAIL":
      return "this machine has no such address";
    case "EACCES":
      return "permission denied";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
