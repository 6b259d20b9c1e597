/**
 * Which user a local peer's socket belongs to: the connector serves no client that runs as its own
 * user (acra-formats.md §5.2, acra-cli.md §15 B-11). Read from the kernel's table, exactly.
 */

import { readFile } from "node:fs/promises";
import { isLoopback, mapIpv4, parseIpAddress, unmapIpv4 } from "./ip_address.ts";
import { readPeerUid } from "./peer_credentials.ts";
import type { PeerInfo } from "./peer_info.ts";
import { findUidInTable } from "./proc_net.ts";

/** Reads one of the kernel's tables; `null` when it is not there. */
export type TableReader = (path: string) => Promise<string | null>;

/**
 * The uid of the peer's end of a loopback connection or of a unix socket. `null` when nobody can
 * tell: the peer is on another host, this is not Linux, or the socket is gone.
 */
export async function findSocketOwner(
  peer: PeerInfo,
  readTable: TableReader = readKernelTable,
): Promise<number | null> {
  if (peer.kind === "unix") {
    return peer.fd === null ? null : readPeerUid(peer.fd);
  }
  const remote = parseIpAddress(peer.remoteAddress);
  const local = parseIpAddress(peer.localAddress);
  if (remote === null || local === null || !isLoopback(remote)) {
    return null;
  }
  // The peer's line has the ends the other way round.
  const lookUp = async (path: string, own: Uint8Array, other: Uint8Array) =>
    findUidInTable(
      (await readTable(path)) ?? "",
      { address: own, port: peer.remotePort },
      { address: other, port: peer.localPort },
    );
  const remoteIpv4 = unmapIpv4(remote);
  const localIpv4 = unmapIpv4(local);
  if (remoteIpv4 === null || localIpv4 === null) {
    return await lookUp("/proc/net/tcp6", remote, local);
  }
  return (
    (await lookUp("/proc/net/tcp", remoteIpv4, localIpv4)) ??
    (await lookUp("/proc/net/tcp6", mapIpv4(remoteIpv4), mapIpv4(localIpv4)))
  );
}

async function readKernelTable(path: string): Promise<string | null> {
  if (process.platform !== "linux") {
    return null;
  }
  try {
    return await readFile(path, "utf8");
  } catch {
    return null;
  }
}
