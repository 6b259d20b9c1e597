/** Who is at the other end of an accepted socket, as far as the system tells. */

/** The addresses of an accepted connection; `fd` is for questions to the system while it is open. */
export type PeerInfo =
  | {
      readonly kind: "tcp";
      readonly remoteAddress: string;
      readonly remotePort: number;
      readonly localAddress: string;
      readonly localPort: number;
    }
  | { readonly kind: "unix"; readonly path: string; readonly fd: number | null };

/** The part of a runtime socket that is asked. */
export interface AddressedSocket {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
}

/** Reads the addresses of a socket; `unixPath` is set when it came through a unix socket. */
export function readPeerInfo(socket: AddressedSocket, unixPath: string | null): PeerInfo {
  if (unixPath !== null) {
    const fd = "fd" in socket && typeof socket.fd === "number" ? socket.fd : null;
    return { kind: "unix", path: unixPath, fd };
  }
  return {
    kind: "tcp",
    remoteAddress: socket.remoteAddress ?? "",
    remotePort: socket.remotePort ?? 0,
    localAddress: socket.localAddress ?? "",
    localPort: socket.localPort ?? 0,
  };
}
