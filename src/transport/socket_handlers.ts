/** Binds the runtime's socket events to {@link SocketConnection}; the same for both directions. */

import type { Socket } from "bun";
import { SocketConnection } from "./socket_connection.ts";

/** What a socket carries along: its connection, once it is open. */
export interface SocketData {
  connection: SocketConnection | null;
}

/** Event handlers for an open socket; `failed` gets what our own handlers threw. */
export function makeSocketHandlers(failed: (error: Error) => void) {
  return {
    data: (socket: Socket<SocketData>, bytes: Uint8Array) =>
      socket.data.connection?.handleData(bytes),
    drain: (socket: Socket<SocketData>) => socket.data.connection?.handleDrain(),
    end: (socket: Socket<SocketData>) => socket.data.connection?.handleEnd(),
    close: (socket: Socket<SocketData>, error?: Error) =>
      socket.data.connection?.handleClose(error ?? null),
    error: (socket: Socket<SocketData>, error: Error) => {
      failed(error);
      socket.data.connection?.fail(error);
    },
  };
}

/** Makes the connection of a socket that has just opened. */
export function adoptSocket(socket: Socket<SocketData>, unixPath: string | null): SocketConnection {
  const connection = new SocketConnection(socket, unixPath);
  socket.data = { connection };
  return connection;
}
