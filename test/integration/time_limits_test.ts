/**
 * Peers that connect and say nothing, or too little, are gone after the time that they are given
 * (acra-proxy.md §5.1.6): on each listener, and towards the database and the server too. Times are
 * shortened where the programs let that be done.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import net from "node:net";
import { type ConnectorOptions, startConnector } from "../../src/connector/mod.ts";
import {
  FilesystemConnectorKeys,
  FilesystemKeystore,
  isValidClientId,
  type MasterKey,
  readMasterKey,
} from "../../src/keystore/mod.ts";
import { serveMetrics } from "../../src/metrics/mod.ts";
import { type ServerOptions, startServer } from "../../src/server/mod.ts";
import { createTlsClientSetup, parseEndpoint } from "../../src/transport/mod.ts";
import { type AcraKeys, makeKeys } from "../harness/acra.ts";
import { atTheEnd, cleanUp, LOCAL } from "../harness/connections.ts";
import { RawClient, ScriptedDatabase, startupMessage } from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { SilentListener } from "../harness/silent_listener.ts";

const SHORT_MS = 300;
/** A limit that is not the one under test. */
const LONG_MS = 60_000;
/** Sooner than the usual limits, later than the short ones on a machine that is busy. */
const PATIENCE_MS = 8_000;
const DRIP_MS = 50;
const CANCEL = Uint8Array.of(0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 2);

const PLENTY = { sessions: 100, connections: 100, api: 100, reduced: false };
const SILENT_LOG = {
  debug: () => {},
  info: () => {},
  warning: () => {},
  error: () => {},
  debugSummed: () => {},
  close: () => {},
};
const ALL_LONG = {
  connectMs: LONG_MS,
  handshakeMs: LONG_MS,
  startupMs: LONG_MS,
  cancelMs: LONG_MS,
  requestMs: LONG_MS,
};

let keys: AcraKeys;
/** Accepts, and never says a word. */
let mute: net.Server;
const muteConnections: net.Socket[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  mute = net.createServer((socket) => {
    muteConnections.push(socket);
    socket.on("error", () => {});
    socket.resume();
  });
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
});

afterEach(() => {
  cleanUp();
  for (const socket of muteConnections.splice(0)) {
    socket.destroy();
  }
});

afterAll(() => {
  mute.close();
});

function at(port: number) {
  return { kind: "tcp", host: "127.0.0.1", port } as const;
}

function portOfMute(): number {
  return (mute.address() as net.AddressInfo).port;
}

function masterKey(): MasterKey {
  return readMasterKey({ ACRA_MASTER_KEY: keys.masterKey });
}

interface Ports {
  readonly data: number;
  readonly api: number;
}

const WITHOUT_TLS: ServerOptions["tls"] = {
  server: null,
  database: createTlsClientSetup({ identity: null, ca: null }, "none", ""),
  policy: { client: "unavailable", database: "mirror" },
  identifier: null,
};

/** A server in front of a port, by default one where nobody speaks. */
async function serve(
  timeLimits: ServerOptions["timeLimits"],
  transport: ServerOptions["transport"],
  databasePort = portOfMute(),
): Promise<Ports> {
  const actions = {
    makeZone: () => "",
    loadAccounts: () => "",
    readConfig: () => {
      throw new Error("nobody asks for it");
    },
    changeConfig: async () => {},
  };
  const server = await startServer({
    listen: LOCAL,
    database: at(databasePort),
    api: { listen: LOCAL, zonesOnly: false, actions },
    transport,
    tls: WITHOUT_TLS,
    keys: new FilesystemKeystore({
      folder: keys.serverFolder,
      masterKey: masterKey(),
      cacheSize: 0,
      log: SILENT_LOG,
    }),
    zoneMode: false,
    cellMode: "whole-cell",
    byteaFormat: "hex",
    poison: { detect: false, scriptFile: "", shutdown: false },
    closeTimeoutMs: 0,
    connectionLimits: PLENTY,
    timeLimits: { ...ALL_LONG, ...timeLimits },
    metrics: null,
    log: SILENT_LOG,
  });
  atTheEnd(() => server.stop(0));
  return { data: portIn(server.address), api: portIn(server.apiAddress) };
}

async function connect(
  serverPort: number,
  options: Partial<ConnectorOptions> = {},
): Promise<Ports> {
  const { clientId } = keys;
  if (!isValidClientId(clientId)) {
    throw new TypeError("the client id of the tests is valid");
  }
  const connector = await startConnector({
    data: { listen: LOCAL, server: at(serverPort) },
    api: { listen: LOCAL, server: at(serverPort) },
    clientId,
    transport: { kind: "secure-session" },
    userCheckDisabled: true,
    keys: new FilesystemConnectorKeys({
      folder: keys.connectorFolder,
      clientId,
      masterKey: masterKey(),
      log: SILENT_LOG,
    }),
    closeTimeoutMs: 0,
    connectionLimits: PLENTY,
    metrics: null,
    log: SILENT_LOG,
    ...options,
  });
  atTheEnd(() => connector.stop());
  return { data: portIn(connector.address), api: portIn(connector.apiAddress) };
}

function portIn(address: string | null): number {
  const endpoint = parseEndpoint(address ?? "");
  return endpoint.kind === "tcp" ? endpoint.port : 0;
}

const RAW = { kind: "raw", clientId: "test_client" } as const;
const SECURE = { kind: "secure-session" } as const;

/**
 * Says what it is given, byte by byte for ever when it drips, and tells whether the other side closes:
 * for the limit and for nothing else, so not before it has passed.
 */
async function isClosed(
  port: number,
  { say, drip, patienceMs = PATIENCE_MS }: Talk = {},
): Promise<boolean> {
  const socket = net.connect(port, "127.0.0.1");
  const start = performance.now();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const patience = setTimeout(() => resolve(false), patienceMs);
  const dripping = drip === undefined ? null : setInterval(() => socket.write(drip), DRIP_MS);
  socket.on("error", () => {});
  socket.on("close", () => resolve(performance.now() - start >= SHORT_MS));
  socket.resume();
  if (say !== undefined) {
    socket.write(say);
  }
  const closed = await promise;
  clearTimeout(patience);
  clearInterval(dripping ?? undefined);
  socket.destroy();
  return closed;
}

interface Talk {
  readonly say?: Uint8Array | string;
  readonly drip?: string;
  readonly patienceMs?: number;
}

describe("acra server does not wait for ever", () => {
  test("for a Secure Session on either listener, whether a peer is silent or slow", async () => {
    const { data, api } = await serve({ handshakeMs: SHORT_MS }, SECURE);
    const outcomes = await Promise.all([
      isClosed(data),
      isClosed(api),
      isClosed(data, { say: Uint8Array.of(0, 1), drip: "\0" }),
      isClosed(api, { say: Uint8Array.of(0, 1), drip: "\0" }),
    ]);
    expect(outcomes).toEqual([true, true, true, true]);
  });

  test("for a start-up packet, nor for a database that does not answer one", async () => {
    const { data } = await serve({ startupMs: SHORT_MS }, RAW);
    const outcomes = await Promise.all([
      isClosed(data),
      isClosed(data, { say: Uint8Array.of(0, 0, 4, 0), drip: "\0" }),
      isClosed(data, { say: startupMessage({ user: "u" }) }),
    ]);
    expect(outcomes).toEqual([true, true, true]);
    expect(muteConnections.length).toBeGreaterThanOrEqual(3);
  });

  test("for a request to the HTTP API", async () => {
    const { api } = await serve({ requestMs: SHORT_MS }, RAW);
    const outcomes = await Promise.all([
      isClosed(api),
      isClosed(api, { say: "GET /getNewZone HTTP/1.1\r\nX: ", drip: "x" }),
    ]);
    expect(outcomes).toEqual([true, true]);
  });

  test("for a connection to the database, and says so to the client", async () => {
    const database = await SilentListener.start();
    atTheEnd(() => void database.stop());
    await database.fill();
    const { data } = await serve({ connectMs: SHORT_MS }, RAW, database.port);
    const client = await RawClient.connect(data);
    client.send(startupMessage({ user: "u" }));
    const [error] = await client.untilClosed();
    expect(error?.body.toString()).toContain("C08006\0");
  });

  test("for the end of a cancel request, and carries it before", async () => {
    const { data } = await serve({ cancelMs: SHORT_MS }, RAW);
    expect(await isClosed(data, { say: CANCEL })).toBe(true);
    const [carried] = muteConnections;
    expect(carried?.bytesRead).toBe(CANCEL.length);
    await new Promise<void>((resolve) =>
      carried?.destroyed === false ? carried.once("close", () => resolve()) : resolve(),
    );
  });

  test("when the limits have not passed: a session that began lives on without them", async () => {
    const database = await ScriptedDatabase.start(() => []);
    atTheEnd(() => void database.stop());
    const limits = { startupMs: SHORT_MS, handshakeMs: SHORT_MS, cancelMs: SHORT_MS };
    const { data } = await serve(limits, RAW, database.port);
    const client = await RawClient.login(data);
    await Bun.sleep(3 * SHORT_MS);
    expect(client.closed).toBe(false);
    client.close();
  });
});

describe("acra connector does not wait for ever", () => {
  test("for a server that accepts nobody, nor for one that makes no Secure Session", async () => {
    const unreachable = await SilentListener.start();
    atTheEnd(() => void unreachable.stop());
    await unreachable.fill();
    const limit = { connectTimeoutMs: SHORT_MS };
    const [unaccepted, unanswered] = [
      await connect(unreachable.port, limit),
      await connect(portOfMute(), limit),
    ];
    const outcomes = await Promise.all([
      isClosed(unaccepted.data),
      isClosed(unaccepted.api),
      isClosed(unanswered.data),
      isClosed(unanswered.api),
    ]);
    expect(outcomes).toEqual([true, true, true, true]);
  });

  test("for an application that says nothing, since its server does not", async () => {
    const server = await serve({ startupMs: SHORT_MS, requestMs: SHORT_MS }, SECURE);
    const data = await connect(server.data);
    const api = await connect(server.api);
    expect(await Promise.all([isClosed(data.data), isClosed(api.api)])).toEqual([true, true]);
  });
});

describe("the metrics address does not wait for ever", () => {
  test("for a request, whether a peer is silent or slow", async () => {
    const port = await findFreePort();
    const listener = serveMetrics(
      { host: "127.0.0.1", port },
      { metrics: async () => "", findObstacle: async () => null },
    );
    atTheEnd(() => listener.close());
    const patienceMs = 25_000;
    const outcomes = await Promise.all([
      isClosed(port, { patienceMs }),
      isClosed(port, { say: "GET /metrics HTTP/1.1\r\nX: ", drip: "x", patienceMs }),
    ]);
    expect(outcomes).toEqual([true, true]);
  }, 40_000);
});
