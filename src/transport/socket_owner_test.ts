/** Whose socket it is: from the text of the kernel's table, and from the kernel itself. */

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { atTheEnd, cleanUp, makeSocketPath } from "../../test/harness/connections.ts";
import { missingLinux, testUnless } from "../../test/harness/skip.ts";
import { isLoopback, parseIpAddress } from "./ip_address.ts";
import { dial, type Endpoint, findSocketOwner, listen, type PeerInfo } from "./mod.ts";
import { findUidInTable, formatTableAddress } from "./proc_net.ts";

const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:2516 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1194 1 0
   1: 0100007F:2516 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 1195 1 0
   2: 0100007F:D431 0100007F:2516 01 00000000:00000000 00:00000000 00000000  1001        0 1196 1 0
   3: 0100007F:D432 0100007F:2516 01 00000000:00000000 00:00000000 00000000     0        0 1197 1 0
   4: 0200007F:D431 0100007F:2516 01 00000000:00000000 00:00000000 00000000  1002        0 1198 1 0
   5: 0100000A:D431 0100007F:2516 01 00000000:00000000 00:00000000 00000000  1005        0 1199 1 0
  oops
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000001000000:D433 00000000000000000000000001000000:2516 01 00000000:00000000 00:00000000 00000000  1003        0 1 1 0
   1: 0000000000000000FFFF00000100007F:D434 0000000000000000FFFF00000100007F:2516 01 00000000:00000000 00:00000000 00000000  1004        0 1 1 0
`;

afterEach(cleanUp);

const readTable = async (path: string) => (path.endsWith("6") ? TCP6 : TCP);
const peer = (remoteAddress: string, remotePort: number, localAddress = "127.0.0.1"): PeerInfo => ({
  kind: "tcp",
  remoteAddress,
  remotePort,
  localAddress,
  localPort: 9494,
});

describe("findSocketOwner", () => {
  test.each<[string, PeerInfo, number | null]>([
    ["the peer's line and not our own", peer("127.0.0.1", 0xd431), 1001],
    ["root", peer("127.0.0.1", 0xd432), 0],
    ["another address of the loopback network", peer("127.0.0.2", 0xd431), 1002],
    ["::1", peer("::1", 0xd433, "::1"), 1003],
    [
      "a mapped peer that has an IPv4 socket",
      peer("::ffff:127.0.0.1", 0xd431, "::ffff:127.0.0.1"),
      1001,
    ],
    [
      "a mapped peer that has an IPv6 socket",
      peer("::ffff:127.0.0.1", 0xd434, "::ffff:127.0.0.1"),
      1004,
    ],
    ["an IPv4 peer that has an IPv6 socket", peer("127.0.0.1", 0xd434), 1004],
    ["nobody for an unknown port", peer("127.0.0.1", 0x0431), null],
    ["nobody for another host", peer("10.0.0.1", 0xd431), null],
    ["nobody for what is no address", peer("", 0), null],
    ["nobody for a unix socket without descriptor", { kind: "unix", path: "/s", fd: null }, null],
  ])("finds %s", async (_, info, uid) => {
    expect(await findSocketOwner(info, readTable)).toBe(uid);
  });

  test("finds nobody where there are no tables", async () => {
    expect(await findSocketOwner(peer("127.0.0.1", 0xd431), async () => null)).toBeNull();
  });

  testUnless(missingLinux, "asks the kernel about a real TCP peer", async () => {
    for (const host of ["127.0.0.1", ""]) {
      expect(await ownerOf({ kind: "tcp", host, port: 0 })).toBe(process.getuid?.() ?? -1);
    }
  });

  testUnless(missingLinux, "asks the kernel about a real unix peer", async () => {
    expect(await ownerOf({ kind: "unix", path: makeSocketPath() })).toBe(process.getuid?.() ?? -1);
  });
});

async function ownerOf(endpoint: Endpoint): Promise<number | null> {
  const { promise, resolve, reject } = Promise.withResolvers<PeerInfo>();
  const listener = await listen(endpoint, {
    accepted: (connection, info) => {
      atTheEnd(() => connection.abort());
      resolve(info);
    },
    failed: reject,
  });
  const { endpoint: bound } = listener;
  const target = bound.kind === "tcp" ? { ...bound, host: "127.0.0.1" } : bound;
  const dialled = await dial(target, { timeoutMs: 1000 });
  atTheEnd(
    () => dialled.abort(),
    () => listener.close(),
  );
  return await findSocketOwner(await promise);
}

describe("The table of sockets", () => {
  test("writes addresses in words of a little-endian machine", () => {
    const address = parseIpAddress("2001:db8::1.2.3.4") ?? new Uint8Array();
    expect(formatTableAddress({ address, port: 80 })).toBe("B80D0120000000000000000004030201:0050");
  });

  test("may hold anything at all", () => {
    const end = { address: Uint8Array.of(127, 0, 0, 1), port: 0xd431 };
    const words = fc.constantFrom("0100007F:D431", "x", "-1", "1e9", "\n", " ", "01");
    fc.assert(
      fc.property(fc.array(words), (parts) => {
        const uid = findUidInTable(parts.join(" "), end, end);
        expect(uid === null || Number.isSafeInteger(uid)).toBe(true);
      }),
    );
  });
});

describe("parseIpAddress", () => {
  test.each<[string, string | null]>([
    ["127.0.0.1", "7f000001"],
    ["::1", "00000000000000000000000000000001"],
    ["::", "00000000000000000000000000000000"],
    ["fe80::1%eth0", "fe800000000000000000000000000001"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["1::8", "00010000000000000000000000000008"],
    ["::ffff:127.0.0.1", "00000000000000000000ffff7f000001"],
    ["::ffff:7f00:1", "00000000000000000000ffff7f000001"],
    ["localhost", null],
    ["", null],
    ["1.2.3", null],
    ["1::2::3", null],
  ])("reads %s", (text, expected) => {
    expect(parseIpAddress(text)?.toHex() ?? null).toBe(expected);
  });

  test.each<[string, boolean]>([
    ["127.0.0.1", true],
    ["127.255.0.9", true],
    ["::1", true],
    ["::ffff:127.1.2.3", true],
    ["128.0.0.1", false],
    ["::2", false],
    ["::", false],
    ["::ffff:10.0.0.1", false],
    ["7f00::1", false],
  ])("tells whether %s is this machine", (text, expected) => {
    expect(isLoopback(parseIpAddress(text) ?? new Uint8Array())).toBe(expected);
  });
});
