/** The server's HTTP API as its clients see it: directly over raw transport, and through the connector. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { sealAccounts } from "../../src/accounts/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { askPath, askRaw } from "../harness/http_text.ts";
import { message, RawClient, READY_IDLE, ScriptedDatabase } from "../harness/pg_peers.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const DONE = "HTTP/1.1 200 OK Found\r\n\r\n";
const NOT_FOUND = "HTTP/1.1 404 Not Found\r\n\r\nincorrect request\r\n\r\n";
const FAILED = "HTTP/1.1 500 Server error\r\n\r\n\r\n\r\n";

let keys: AcraKeys;
let database: ScriptedDatabase;
let folder: string;
const started: AcraProcess[] = [];

beforeAll(async () => {
  keys = await makeKeys();
  folder = makeTemporaryFolder();
  database = await ScriptedDatabase.start((received) =>
    received.type === "Q" ? [message("C", "SELECT 0\0"), READY_IDLE] : [],
  );
});

afterAll(async () => {
  await Promise.all(started.map((daemon) => daemon.stop()));
  await database.stop();
});

interface WithApi {
  readonly server: AcraProcess;
  readonly apiPort: number;
}

async function startServer(...flags: string[]): Promise<WithApi> {
  const apiPort = await findFreePort();
  const server = await startAcraServer(
    { host: "127.0.0.1", port: database.port },
    {
      keys,
      flags: [
        "--http_api_enable",
        `--incoming_connection_api_string=tcp://127.0.0.1:${apiPort}/`,
        `--auth_keys=${join(folder, "auth.keys")}`,
        `--config_file=${join(folder, "server.yaml")}`,
        ...flags,
      ],
    },
  );
  started.push(server);
  await waitForListener(apiPort);
  return { server, apiPort };
}

function startRawServer(...flags: string[]): Promise<WithApi> {
  return startServer(
    "--acraconnector_transport_encryption_disable",
    `--client_id=${keys.clientId}`,
    ...flags,
  );
}

async function startConnector({ server, apiPort }: WithApi, ownerCheck = false) {
  const port = await findFreePort();
  const connector = await startAcraConnector(server, {
    keys,
    ownerCheck,
    flags: [
      "--http_api_enable",
      `--incoming_connection_api_port=${port}`,
      `--acraserver_api_connection_string=tcp://127.0.0.1:${apiPort}/`,
      "-v",
    ],
  });
  started.push(connector);
  await waitForListener(port);
  return { connector, port };
}

async function expectAnswers(port: number): Promise<void> {
  expect(await askPath(port, "/resetKeyStorage")).toBe(DONE);
  for (const path of ["/", "/nope", "/getconfig", "/getConfig/"]) {
    expect(await askPath(port, path)).toBe(NOT_FOUND);
  }
  rmSync(join(folder, "auth.keys"), { force: true });
  expect(await askPath(port, "/loadAuthData")).toBe(FAILED);
  const key = readFileSync(join(keys.serverFolder, "auth_key"));
  writeFileSync(join(folder, "auth.keys"), sealAccounts("user:salt:3,8192,2,32:hash\n", key));
  expect(await askPath(port, "/loadAuthData")).toBe(`${DONE}user:salt:3,8192,2,32:hash\n\r\n\r\n`);
  expect(await askPath(port, "/getConfig?x", "ignored")).toBe(
    `${DONE}{"db_host":"127.0.0.1","db_port":${database.port},"incoming_connection_api_port":9090,` +
      '"debug":false,"poison_run_script_file":"","poison_shutdown_enable":false,"zonemode_enable":false}\r\n\r\n',
  );
  const zone = await askPath(port, "/getNewZone");
  expect(zone).toMatch(
    /^HTTP\/1\.1 200 OK Found\r\n\r\n\{"id":"D{8}[A-Za-z]{16}","public_key":"[A-Za-z0-9+/]{60}"\}\r\n\r\n$/,
  );
  const { id, public_key } = JSON.parse(zone.slice(DONE.length));
  expect(readFileSync(join(keys.serverFolder, `${id}_zone.pub`)).toString("base64")).toBe(
    public_key,
  );
  expect(existsSync(join(keys.serverFolder, `${id}_zone`))).toBe(true);
  expect(await askRaw(port, ["no request\r\n\r\n"])).toMatchObject({ text: "" });
}

describe("the HTTP API", () => {
  test("answers byte for byte over raw transport", async () => {
    const { apiPort } = await startRawServer();
    await expectAnswers(apiPort);
  });

  test("answers byte for byte through the connector, and no peer without its keys", async () => {
    const direct = await startServer();
    const { port } = await startConnector(direct);
    await expectAnswers(port);
    expect((await askRaw(direct.apiPort, ["GET /getConfig HTTP/1.1\r\n\r\n"])).text).toBe("");
  });

  test("the connector checks the owner of API connections too", async () => {
    const direct = await startServer();
    const { connector, port } = await startConnector(direct, true);
    expect(await askPath(port, "/getConfig")).toBe("");
    expect(connector.process.stderr.text).toContain("Got new connection to http API");
    expect(connector.process.stderr.text).toContain("need to be start from different users");
  });

  test("is closed unless it is asked for, and half open when that is asked for", async () => {
    const closed = await findFreePort();
    const flags = [
      "--acraconnector_transport_encryption_disable",
      `--client_id=${keys.clientId}`,
      `--incoming_connection_api_string=tcp://127.0.0.1:${closed}/`,
    ];
    const target = { host: "127.0.0.1", port: database.port };
    const server = await startAcraServer(target, { keys, flags });
    started.push(server);
    await expect(RawClient.connect(closed)).rejects.toThrow();
    const { apiPort } = await startRawServer("--http-api-zones-only");
    for (const path of ["/loadAuthData", "/getConfig", "/setConfig"]) {
      expect(await askPath(apiPort, path, "{}")).toBe(NOT_FOUND);
    }
    expect(await askPath(apiPort, "/resetKeyStorage")).toBe(DONE);
    expect(await askPath(apiPort, "/getNewZone")).toStartWith(`${DONE}{"id":`);
  });

  test("/resetKeyStorage makes the server look for keys again", async () => {
    const direct = await startServer("--workers=2");
    const { connector, port } = await startConnector(direct);
    await logInOften(connector.port);
    const path = join(keys.serverFolder, `${keys.clientId}.pub`);
    const key = readFileSync(path);
    rmSync(path);
    await logInOften(connector.port);
    expect(await askPath(port, "/resetKeyStorage")).toBe(DONE);
    for (let count = 0; count < 10; count++) {
      await expect(RawClient.login(connector.port)).rejects.toThrow();
    }
    writeFileSync(path, key);
    (await RawClient.login(connector.port)).close();
  });

  /** Each worker holds keys of its own: so many logins reach them all. */
  async function logInOften(port: number): Promise<void> {
    for (let count = 0; count < 20; count++) {
      (await RawClient.login(port)).close();
    }
  }

  test("1000 hostile clients at once disturb neither sessions nor other callers", async () => {
    const { server, apiPort } = await startRawServer();
    const session = await RawClient.login(server.port);
    const slow = Array.from({ length: 400 }, () => {
      const socket = net.connect(apiPort, "127.0.0.1");
      socket.on("error", () => {});
      socket.write("GET /getConf");
      return socket;
    });
    const garbage = Buffer.from(crypto.getRandomValues(new Uint8Array(2_000)));
    const hostile = Array.from({ length: 600 }, (_, index) =>
      index % 2 === 0
        ? askRaw(apiPort, ["GET / HTTP/1.1\r\nA: ", Buffer.alloc(300_000, "a")])
        : askRaw(apiPort, [garbage, "\r\n\r\n"]),
    );
    for (let round = 0; round < 20; round++) {
      session.send(message("Q", "select\0"));
      await session.until("Z");
    }
    expect(await askPath(apiPort, "/resetKeyStorage")).toBe(DONE);
    for (const { text } of await Promise.all(hostile)) {
      expect(text).toBe("");
    }
    expect(session.closed).toBe(false);
    expect(slow.every(({ readyState }) => readyState === "open")).toBe(true);
    session.close();
    expect(await server.stop()).toBe(0);
    for (const socket of slow) {
      socket.destroy();
    }
  });
});
