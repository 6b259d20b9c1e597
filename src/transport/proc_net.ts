/** Reads the text of `/proc/net/tcp` and `/proc/net/tcp6`: the kernel's table of TCP sockets, one a line. */

/** One end of a connection as the table writes it. */
export interface SocketAddress {
  /** IPv4 (4 bytes) or IPv6 (16 bytes), in network order. */
  readonly address: Uint8Array;
  readonly port: number;
}

const COLUMN_LOCAL = 1;
const COLUMN_REMOTE = 2;
const COLUMN_UID = 7;
const WORD_LENGTH = 4;

/**
 * The uid that owns the socket whose own end is `local` and whose peer is `remote`, or `null` when
 * the table has no such line. Lines that cannot be understood are passed over.
 */
export function findUidInTable(
  table: string,
  local: SocketAddress,
  remote: SocketAddress,
): number | null {
  const wantedLocal = formatTableAddress(local);
  const wantedRemote = formatTableAddress(remote);
  for (const line of table.split("\n")) {
    if (!line.includes(wantedRemote)) {
      continue;
    }
    const columns = line.trim().split(/\s+/);
    if (columns[COLUMN_LOCAL] === wantedLocal && columns[COLUMN_REMOTE] === wantedRemote) {
      const uid = columns[COLUMN_UID] ?? "";
      return /^[0-9]+$/.test(uid) ? Number(uid) : null;
    }
  }
  return null;
}

/** `0100007F:1F90` for 127.0.0.1:8080: words of four bytes, each in the order of a little-endian machine. */
export function formatTableAddress({ address, port }: SocketAddress): string {
  let text = "";
  for (let start = 0; start < address.length; start += WORD_LENGTH) {
    const word = address.slice(start, start + WORD_LENGTH);
    text += word.reverse().toHex().toUpperCase();
  }
  return `${text}:${port.toString(16).toUpperCase().padStart(4, "0")}`;
}
