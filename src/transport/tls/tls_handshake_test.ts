/** TLS handshakes over real sockets: who is let in, who is refused, and in which words. */

import { afterEach, describe, expect, test } from "bun:test";
import { connect as connectNode } from "node:net";
import tls from "node:tls";
import {
  atTheEnd,
  cleanUp,
  LOCAL,
  listenFor,
  makePair,
  portOf,
} from "../../../test/harness/connections.ts";
import { Recorder } from "../../../test/harness/recorder.ts";
import {
  accept,
  authority,
  clientIdentity,
  good,
  type Handshake,
  outcomeOf,
  reasonOf,
  serverIdentity,
  shakeHands,
  start,
  stranger,
} from "../../../test/harness/tls_pairs.ts";
import type { Connection } from "../connection.ts";
import { acceptTls } from "./open_tls.ts";
import type { TlsFailure } from "./tls_error.ts";
import { createTlsServerSetup } from "./tls_setup.ts";

afterEach(cleanUp);

describe("A TLS handshake", () => {
  test.each<[string, Handshake, TlsFailure | "ok"]>([
    ["accepts a certificate for the name", { client: { name: "localhost" } }, "ok"],
    ["accepts a certificate for the address", { client: { name: "127.0.0.1" } }, "ok"],
    ["refuses another name", { client: { name: "db.example" } }, "name"],
    ["refuses another address", { client: { name: "127.0.0.2" } }, "name"],
    [
      "ignores the name where only the authority counts",
      { client: { name: "db.example", verification: "authority" } },
      "ok",
    ],
    ["refuses an authority that the system does not know", { client: { ca: null } }, "untrusted"],
    [
      "takes any certificate when nothing is verified",
      { client: { ca: null, name: "db.example", verification: "none" } },
      "ok",
    ],
  ])("%s", async (_, handshake, expected) => {
    const { client } = await shakeHands(handshake);
    expect(reasonOf(client)).toBe(expected);
  });

  test("refuses the certificate of a stranger, and one whose time is over", async () => {
    const forged = await stranger.issue({ name: "CN=server" });
    expect(reasonOf((await shakeHands({ server: { identity: forged } })).client)).toBe("untrusted");
    const expired = await authority.issue({ name: "CN=server", days: -2 });
    expect(reasonOf((await shakeHands({ server: { identity: expired } })).client)).toBe("expired");
  });

  const POLICIES = [
    "none",
    "request",
    "require-any",
    "verify-if-given",
    "require-and-verify",
  ] as const;
  const EXPECTED: Record<string, readonly (TlsFailure | "ok")[]> = {
    none: ["ok", "ok", "ok", "ok", "ok"],
    trusted: ["ok", "ok", "ok", "ok", "ok"],
    "without one": ["ok", "ok", "no-certificate", "ok", "no-certificate"],
    "a stranger's": ["ok", "ok", "ok", "untrusted", "untrusted"],
    "an expired one": ["ok", "ok", "ok", "expired", "expired"],
  };

  test.each(
    ["trusted", "without one", "a stranger's", "an expired one"].flatMap((kind) =>
      POLICIES.map((policy, index) => [policy, kind, EXPECTED[kind]?.[index] ?? "ok"] as const),
    ),
  )("with the policy %s and a client with a certificate %s: %s", async (policy, kind, expected) => {
    const identity = {
      trusted: async () => clientIdentity,
      "without one": async () => null,
      "a stranger's": () => stranger.issue({ name: "CN=client" }),
      "an expired one": () => authority.issue({ name: "CN=client", days: -2 }),
    }[kind];
    const { server } = await shakeHands({
      server: { policy },
      client: { identity: (await identity?.()) ?? null },
    });
    expect(reasonOf(server)).toBe(expected);
  });

  test("tells a client in TLS 1.3 why it is refused, after its own side is done", async () => {
    const { server, client } = await shakeHands({ server: { policy: "require-and-verify" } });
    expect(reasonOf(server)).toBe("no-certificate");
    const near = Recorder.on(good(client).connection);
    expect(await near.untilClosed()).toMatchObject({ reason: "rejected" });
  });

  test("trusts no authority of the system when one is given", async () => {
    const setup = createTlsServerSetup(
      { identity: serverIdentity, ca: stranger.cert },
      "require-and-verify",
    );
    const { accepted, dialled } = await makePair();
    const [server] = await Promise.all([
      outcomeOf(acceptTls(accepted, setup, { timeoutMs: 2_000 })),
      start(dialled, { client: { identity: clientIdentity } }),
    ]);
    expect(reasonOf(server)).toBe("untrusted");
  });

  test("needs the application protocol that was asked for", async () => {
    const other = await shakeHands({
      serverOptions: { alpn: ["postgresql"] },
      clientOptions: { alpn: ["http/1.1"] },
    });
    expect(reasonOf(other.server)).toBe("alpn");
    const none = await shakeHands({ serverOptions: { alpn: ["postgresql"] } });
    expect(reasonOf(none.server)).toBe("alpn");
  });

  test("speaks TLS 1.2 and nothing older", async () => {
    for (const [version, expected] of [
      ["TLSv1.2", "ok"],
      ["TLSv1.1", "version"],
    ] as const) {
      const [listener, accepting] = await listenFor(LOCAL);
      const peer = tls.connect({
        port: portOf(listener.endpoint),
        minVersion: "TLSv1",
        maxVersion: version,
        rejectUnauthorized: false,
      });
      peer.on("error", () => {});
      atTheEnd(() => peer.destroy());
      expect(reasonOf(await accept(await accepting, {}))).toBe(expected);
    }
  });

  test("ends in time with a peer that is silent, speaks something else, or goes away", async () => {
    for (const [words, expected] of [
      [null, "timeout"],
      ["GET / HTTP/1.0\r\n\r\n", "not-tls"],
      ["\0\0\0\x08\x04\xd2\x16\x2f", "not-tls"],
      ["", "closed"],
      ["\x16\x03\x01\x02\x00\x01", "closed"],
    ] as const) {
      const [listener, accepting] = await listenFor(LOCAL);
      const peer = connectNode(portOf(listener.endpoint), "127.0.0.1");
      peer.on("error", () => {});
      atTheEnd(() => peer.destroy());
      const outcome = accept(await accepting, { serverOptions: { timeoutMs: 200 } });
      if (words !== null) {
        peer.write(words, "latin1");
        if (expected === "closed") {
          await Bun.sleep(20);
          peer.end();
        }
      }
      expect([words, reasonOf(await outcome)]).toEqual([words, expected]);
    }
  });

  test("takes bytes that were read before it began", async () => {
    const { accepted, dialled } = await makePair();
    const client = start(dialled, {});
    const early = Recorder.on(accepted);
    await early.until((recorder) => recorder.length > 100, "a client's hello");
    accepted.pause();
    let inner: Parameters<Connection["start"]>[0] | null = null;
    early.onData = (chunk) => inner?.data(chunk);
    const base: Connection = {
      peer: accepted.peer,
      get queuedBytes() {
        return accepted.queuedBytes;
      },
      start: (handler) => {
        inner = handler;
        accepted.resume();
      },
      write: (chunk) => accepted.write(chunk),
      pause: () => accepted.pause(),
      resume: () => accepted.resume(),
      end: () => accepted.end(),
      abort: () => accepted.abort(),
    };
    const server = await accept(base, { serverOptions: { head: early.bytes } });
    expect(reasonOf(server)).toBe("ok");
    expect(reasonOf(await client)).toBe("ok");
  });
});
