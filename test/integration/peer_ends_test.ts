/**
 * How handshakes, connectors and API connections end, and at which level the log says so: as
 * session_ends_test.ts, for what happens before or beside a session.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import {
  closes,
  connectAnd,
  type Deed,
  endOf,
  failuresOf,
  frame,
  resets,
  sends,
} from "../harness/connection_deeds.ts";
import { message, RawClient, ScriptedDatabase } from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { testUnless } from "../harness/skip.ts";

const LOG = ["--logging_format=json", "-d"];
const END = "\0";

let database: ScriptedDatabase;
let target: { readonly host: string; readonly port: number };
let keys: AcraKeys;

beforeAll(async () => {
  keys = await makeKeys();
  database = await ScriptedDatabase.start((received, socket) => {
    if (received.body.toString().startsWith("reset")) {
      socket.resetAndDestroy();
    }
    return [];
  });
  target = { host: "127.0.0.1", port: database.port };
});

afterAll(async () => {
  await database.stop();
});

/** Carries bytes to a port, until it is told to change the last one of each chunk. */
async function startRelay(to: number) {
  let damaged = false;
  const sockets: net.Socket[] = [];
  const relay = net.createServer((near) => {
    const far = net.connect(to, "127.0.0.1");
    sockets.push(near, far);
    near.on("data", (chunk: Buffer) => {
      if (damaged) {
        chunk[chunk.length - 1] = (chunk.at(-1) ?? 0) ^ 1;
      }
      far.write(chunk);
    });
    far.on("data", (chunk: Buffer) => near.write(chunk));
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      socket.on("error", () => {});
      socket.on("close", () => other.resetAndDestroy());
    }
  });
  await new Promise<void>((resolve) => relay.listen(0, "127.0.0.1", resolve));
  const address = relay.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    damage: () => {
      damaged = true;
    },
    stop: () => {
      relay.close();
      for (const socket of sockets) {
        socket.destroy();
      }
    },
  };
}

describe("a handshake", () => {
  let server: AcraProcess;

  beforeAll(async () => {
    server = await startAcraServer(target, { keys, flags: LOG });
  });

  afterAll(async () => {
    await server.stop();
  });

  test("that is not begun is a debug line", async () => {
    for (const deed of [closes, resets]) {
      await deed(server.port);
    }
    const line = await endOf(server, /Connection closed before the handshake/);
    expect(line).toMatchObject({ level: "debug", reason: "closed" });
    expect(failuresOf(server)).toEqual([]);
  });

  test("that fails is an error line with its reason and the peer", async () => {
    const deeds: readonly (readonly [string, Deed])[] = [
      ["malformed", sends(Buffer.from("GET / HTTP/1.1\r\n\r\n"))],
      ["unknown-id", sends(frame("another_client"))],
      [
        "closed",
        (port) =>
          connectAnd(port, (client) => {
            client.send(frame(keys.clientId));
            client.socket.end();
          }),
      ],
    ];
    for (const [reason, deed] of deeds) {
      await deed(server.port);
      const line = await endOf(
        server,
        new RegExp(`"reason":"${reason}".*"level":"error"|"level":"error".*"reason":"${reason}"`),
      );
      expect(line).toMatchObject({ code: 538, msg: "Can't wrap connection from acra-connector" });
      expect(line["peer"]).toMatch(/^127\.0\.0\.1:\d+$/);
    }
  });

  test("with a foreign key is an error on both sides", async () => {
    const foreign = { ...(await makeKeys()), serverFolder: keys.serverFolder };
    const connector = await startAcraConnector(server, { keys: foreign, flags: LOG });
    await connectAnd(connector.port, () => {});
    expect(await endOf(server, /"reason":"authentication"/)).toMatchObject({
      level: "error",
      code: 538,
      error: expect.stringContaining(`client id "${keys.clientId}"`),
    });
    expect(await endOf(connector, /Can't connect to AcraServer/)).toMatchObject({
      level: "error",
      code: 538,
      reason: "closed",
      connection_string: `tcp://127.0.0.1:${server.port}/`,
      peer: expect.stringContaining("127.0.0.1:"),
    });
    await connector.stop();
  });

  test("for which the server's key cannot be used names the file", async () => {
    const own = await makeKeys("careless");
    const path = join(own.serverFolder, "careless_server");
    const careless = await startAcraServer(target, { keys: own, flags: LOG });
    chmodSync(path, 0o644);
    await sends(frame("careless"))(careless.port);
    expect(await endOf(careless, /"reason":"keys"/)).toMatchObject({
      level: "error",
      code: 511,
      error: expect.stringContaining(path),
    });
    await careless.stop();
  });
});

describe("a connector", () => {
  test("says at debug level that applications went away", async () => {
    const server = await startAcraServer(target, { keys, flags: LOG });
    const connector = await startAcraConnector(server, { keys, flags: LOG });
    await closes(connector.port);
    (await RawClient.login(connector.port)).socket.resetAndDestroy();
    const line = await endOf(connector, /connection with the client failed/);
    expect(line).toMatchObject({ level: "debug", msg: "Connection closed" });
    await endOf(server, /"Session ended"/);
    expect([await connector.stop(), await server.stop()]).toEqual([0, 0]);
    expect([...failuresOf(connector), ...failuresOf(server)]).toEqual([]);
  });

  test("says as errors that its server cannot be reached or broke off", async () => {
    const nobody = { port: await findFreePort() };
    const raw = ["--acraserver_transport_encryption_disable", ...LOG];
    const alone = await startAcraConnector(nobody, { keys, flags: raw });
    await connectAnd(alone.port, () => {});
    expect(await endOf(alone, /Can't connect to AcraServer/)).toMatchObject({ code: 534 });
    await alone.stop();
    const connector = await startAcraConnector(target, { keys, flags: raw });
    const client = await RawClient.login(connector.port);
    client.send(message("Q", `reset${END}`));
    await client.untilClosed();
    expect(await endOf(connector, /Error from connection with AcraServer/)).toMatchObject({
      level: "error",
      code: 534,
      peer: expect.stringContaining("127.0.0.1:"),
    });
    await connector.stop();
  });
});

test("a Secure Session that is damaged under way is an error on both sides, also between requests", async () => {
  const server = await startAcraServer(target, { keys, flags: LOG });
  const relay = await startRelay(server.port);
  const connector = await startAcraConnector(relay, { keys, flags: LOG });
  const client = await RawClient.login(connector.port);
  relay.damage();
  client.send(message("X"));
  await client.untilClosed();
  expect(await endOf(server, /"Session ended"/)).toMatchObject({
    level: "error",
    code: 535,
    client_id: keys.clientId,
    error: expect.stringContaining("connection with the client failed: "),
  });
  expect(await endOf(connector, /Error from connection/)).toMatchObject({ level: "error" });
  await connector.stop();
  await server.stop();
  relay.stop();
});

testUnless(
  process.env["SLOW"] ? null : "waits for 10 s: set SLOW",
  "the count of what is held back comes out while nothing else happens",
  async () => {
    const server = await startAcraServer(target, { keys, flags: LOG });
    for (let count = 0; count < 3; count++) {
      await sends(frame("another_client"))(server.port);
    }
    expect(await endOf(server, /"repeated"/)).toMatchObject({ reason: "unknown-id", repeated: 2 });
    expect(failuresOf(server)).toHaveLength(2);
    await server.stop();
  },
  60_000,
);

test("the HTTP API tells a peer that went away from one that asked for nonsense", async () => {
  const port = await findFreePort();
  const api = ["--http_api_enable", `--incoming_connection_api_string=tcp://127.0.0.1:${port}/`];
  const server = await startAcraServer(target, {
    keys,
    flags: [
      ...LOG,
      "--acraconnector_transport_encryption_disable",
      `--client_id=${keys.clientId}`,
      ...api,
    ],
  });
  await closes(port);
  expect(await endOf(server, /"API session ended"/)).toMatchObject({ level: "debug" });
  await sends(Buffer.from("nonsense\r\n\r\n"))(port);
  expect(await endOf(server, /malformed/)).toMatchObject({ level: "error", code: 535 });
  await server.stop();
});
