/** Programs from their start to their end: addresses, owners, drains, and failures at start. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import {
  type AcraKeys,
  acraCommand,
  makeKeys,
  runAcra,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import {
  message,
  RawClient,
  READY_IDLE,
  ROW_ANSWER_END,
  ScriptedDatabase,
  startupMessage,
} from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { runProcess, startProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const RAW_SERVER = "--acraconnector_transport_encryption_disable";
let keys: AcraKeys;
let database: ScriptedDatabase;
/** Lets the answers to `slow` queries go. */
let release: () => void = () => {};

beforeAll(async () => {
  keys = await makeKeys();
  database = await ScriptedDatabase.start(async (received) => {
    switch (received.body.toString().replace("\0", "")) {
      case "slow":
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        return [ROW_ANSWER_END];
      case "begin":
        return [message("C", "BEGIN\0"), message("Z", "T")];
      default:
        return received.type === "Q" ? [message("C", "SELECT 0\0"), READY_IDLE] : [];
    }
  });
});

afterAll(async () => {
  await database.stop();
});

function target(): { readonly host: string; readonly port: number } {
  return { host: "127.0.0.1", port: database.port };
}

function rawFlags(...more: string[]): string[] {
  return [RAW_SERVER, `--client_id=${keys.clientId}`, ...more];
}

function codeOf(body: Buffer | undefined): string {
  return /C([0-9A-Z]{5})\0/.exec(body?.toString("latin1") ?? "")?.[1] ?? "";
}

describe("acra server at its end", () => {
  test("tells idle sessions goodbye, lets a running statement finish, and exits with 0", async () => {
    const server = await startAcraServer(target(), { keys, flags: rawFlags() });
    const idle = await RawClient.login(server.port);
    const busy = await RawClient.login(server.port);
    busy.send(message("Q", "slow\0"));
    await Bun.sleep(100);
    server.process.signal("SIGTERM");
    const farewell = await idle.untilClosed();
    expect(codeOf(farewell[0]?.body)).toBe("57P01");
    await expect(RawClient.connect(server.port)).rejects.toThrow();
    expect(server.process.running).toBe(true);
    release();
    const answer = (await busy.untilClosed()).map(({ type }) => type).join("");
    expect(answer).toBe("CZE");
    expect(await server.process.exited).toBe(0);
  });

  test("does not cut a transaction before the close timeout, and exits with 1 when it has to", async () => {
    const flags = rawFlags("--incoming_connection_close_timeout=1");
    const server = await startAcraServer(target(), { keys, flags });
    const client = await RawClient.login(server.port);
    client.send(message("Q", "begin\0"));
    await client.until("Z");
    const started = performance.now();
    expect(await server.process.stop("SIGTERM")).toBe(1);
    expect(performance.now() - started).toBeGreaterThan(900);
    expect(server.process.stderr.text).toContain("1 active connections will be cut");
    await client.untilClosed();
  });

  test("stops at once at the second signal", async () => {
    const server = await startAcraServer(target(), { keys, flags: rawFlags() });
    const client = await RawClient.login(server.port);
    client.send(message("Q", "begin\0"));
    await client.until("Z");
    server.process.signal("SIGTERM");
    await Bun.sleep(200);
    expect(server.process.running).toBe(true);
    const started = performance.now();
    expect(await server.process.stop("SIGTERM")).toBe(1);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

describe("acra server and an unreachable database", () => {
  test("tells the application in its own protocol, also behind an SSLRequest", async () => {
    const nobody = await findFreePort();
    const server = await startAcraServer({ host: "127.0.0.1", port: nobody }, { keys });
    const connector = await startAcraConnector(server, { keys });
    const client = await RawClient.connect(connector.port);
    client.send(startupMessage({ user: "u" }));
    const [error] = await client.untilClosed();
    expect(error?.type).toBe("E");
    expect(codeOf(error?.body)).toBe("08006");
    expect(error?.body.toString()).toContain("could not connect to database");
    const asking = net.connect(connector.port, "127.0.0.1");
    asking.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    const chunks: Buffer[] = [];
    asking.on("data", (chunk: Buffer) => {
      if (chunks.length === 0) {
        asking.write(startupMessage({ user: "u" }));
      }
      chunks.push(chunk);
    });
    await new Promise<void>((resolve) => asking.on("close", () => resolve()));
    expect(Buffer.concat(chunks).toString("latin1").slice(0, 2)).toBe("NE");
    expect(server.process.stderr.text).toContain("code=540");
    await connector.stop();
    await server.stop();
  });
});

describe("acra over unix sockets and raw transport", () => {
  test("carries a session, removes its sockets, and replaces a stale one", async () => {
    const folder = makeTemporaryFolder();
    const serverSocket = join(folder, "server.sock");
    const connectorSocket = join(folder, "connector.sock");
    const env = { ACRA_MASTER_KEY: keys.masterKey };
    const stale = net.createServer().listen(serverSocket);
    await new Promise((resolve) => stale.once("listening", resolve));
    await runProcess(["sh", "-c", `cp -a "${serverSocket}" "${serverSocket}.kept"`]);
    await new Promise((resolve) => stale.close(resolve));
    if (existsSync(`${serverSocket}.kept`)) {
      await runProcess(["mv", `${serverSocket}.kept`, serverSocket]);
    }
    const server = startProcess(
      [
        ...acraCommand(),
        "server",
        "--db_host=127.0.0.1",
        `--db_port=${database.port}`,
        `--incoming_connection_string=unix://${serverSocket}`,
        `--keys_dir=${keys.serverFolder}`,
        ...rawFlags("-v"),
      ],
      { env },
    );
    const connector = startProcess(
      [
        ...acraCommand(),
        "connector",
        `--client_id=${keys.clientId}`,
        `--incoming_connection_string=unix://${connectorSocket}`,
        `--acraserver_connection_string=unix://${serverSocket}`,
        "--acraserver_transport_encryption_disable",
        "--user_check_disable",
        `--keys_dir=${keys.connectorFolder}`,
      ],
      { env },
    );
    for (let tries = 0; tries < 250 && !existsSync(connectorSocket); tries++) {
      await Bun.sleep(20);
    }
    await Bun.sleep(200);
    const socket = net.connect(connectorSocket);
    socket.write(startupMessage({ user: "u" }));
    const first = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
    expect(first.toString("latin1", 0, 1)).toBe("R");
    socket.destroy();
    expect(await connector.stop("SIGTERM")).toBe(0);
    expect(await server.stop("SIGTERM")).toBe(0);
    expect(existsSync(serverSocket)).toBe(false);
    expect(existsSync(connectorSocket)).toBe(false);
  }, 30_000);
});

describe("acra connector at its end", () => {
  test("waits for a session at the first signal and stops at once at the second", async () => {
    const server = await startAcraServer(target(), { keys });
    const connector = await startAcraConnector(server, { keys });
    const client = await RawClient.login(connector.port);
    connector.process.signal("SIGTERM");
    await Bun.sleep(200);
    await expect(RawClient.connect(connector.port)).rejects.toThrow();
    expect(client.closed).toBe(false);
    const started = performance.now();
    expect(await connector.process.stop("SIGTERM")).toBe(1);
    expect(performance.now() - started).toBeLessThan(2_000);
    await client.untilClosed();
    await server.stop();
  });
});

describe("acra connector and its users", () => {
  test("closes an application of its own user without a byte", async () => {
    const server = await startAcraServer(target(), { keys });
    const connector = await startAcraConnector(server, { keys, ownerCheck: true });
    const client = await RawClient.connect(connector.port);
    client.send(startupMessage({ user: "u" }));
    expect(await client.untilClosed()).toEqual([]);
    expect(connector.process.stderr.text).toContain(
      "Client application and ssproxy need to be start from different users",
    );
    await connector.stop();
    await server.stop();
  });
});

describe("acra at its start", () => {
  const cases: readonly (readonly [string, () => readonly string[], RegExp])[] = [
    [
      "server without db_host",
      () => ["server", `--keys_dir=${keys.serverFolder}`],
      /error: db_host is empty/,
    ],
    [
      "raw server without a client id",
      () => ["server", "--db_host=x", RAW_SERVER, `--keys_dir=${keys.serverFolder}`],
      /error: .*client id/,
    ],
    [
      "server with a setting of a later version",
      () => ["server", "--db_host=x", "--mysql_enable"],
      /error: .*mysql_enable.*not supported/,
    ],
    [
      "server with a bad address",
      () => ["server", "--db_host=x", "--incoming_connection_string=nonsense"],
      /error: --incoming_connection_string: .*nonsense/,
    ],
    [
      "connector without its private key",
      () => [
        "connector",
        "--client_id=somebody_else",
        "--acraserver_connection_host=x",
        `--keys_dir=${keys.connectorFolder}`,
      ],
      /error: Configuration error: can't check that AcraConnector private key exists/,
    ],
    [
      "connector without a server",
      () => ["connector", `--client_id=${keys.clientId}`, `--keys_dir=${keys.connectorFolder}`],
      /error: .*acraserver_connection_host/,
    ],
    [
      "connector with a bad client id",
      () => ["connector", "--client_id=x", "--acraserver_connection_host=x"],
      /error: Invalid client ID/,
    ],
  ];
  for (const [about, args, pattern] of cases) {
    test(`${about}: one error line, one hint line, exit status 1`, async () => {
      const result = await runProcess([...acraCommand(), ...args()], {
        env: { ACRA_MASTER_KEY: keys.masterKey },
        timeoutMs: 10_000,
      });
      expect(result.status).toBe(1);
      expect(result.stderr).toMatch(pattern);
      expect(result.stderr.match(/^error: /gm)).toHaveLength(1);
      expect(result.stderr.match(/^hint: /gm)).toHaveLength(1);
      expect(result.stderr).not.toContain(keys.masterKey);
    });
  }

  test("a port in use: exit status 1, and the address is named", async () => {
    const taken = net.createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as net.AddressInfo;
    const result = await runProcess(
      [
        ...acraCommand(),
        "server",
        "--db_host=x",
        `--keys_dir=${keys.serverFolder}`,
        "--incoming_connection_host=127.0.0.1",
        `--incoming_connection_port=${port}`,
      ],
      { env: { ACRA_MASTER_KEY: keys.masterKey }, timeoutMs: 10_000 },
    );
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(`tcp://127.0.0.1:${port}/`);
    expect(result.stderr).toContain("code=530");
    taken.close();
  });

  test("the wrong master key is told apart from a missing key", async () => {
    const result = await runProcess(
      [
        ...acraCommand(),
        "connector",
        `--client_id=${keys.clientId}`,
        "--acraserver_connection_host=x",
        `--keys_dir=${keys.connectorFolder}`,
      ],
      { env: { ACRA_MASTER_KEY: Buffer.alloc(32, 7).toString("base64") }, timeoutMs: 10_000 },
    );
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/master key/);
  });

  test("keys of keys.example bring a loud warning", async () => {
    const folder = makeTemporaryFolder();
    await runProcess(["cp", "-r", `${join(import.meta.dir, "../../keys.example")}/.`, folder]);
    await runProcess(["chmod", "-R", "a-rwx,u+rwX", folder]);
    const readme = await Bun.file(join(folder, "README.md")).text();
    const masterKey = /[A-Za-z0-9+/]{43}=/.exec(readme)?.[0] ?? "";
    const server = await startAcraServer(target(), {
      keys: {
        ...keys,
        masterKey,
        serverFolder: join(folder, "acra-server"),
      },
    });
    expect(server.process.stderr.text).toContain("THESE KEYS ARE PUBLIC");
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("a setting in the configuration file gives way to the command line", async () => {
    const folder = makeTemporaryFolder();
    const path = join(folder, "server.yaml");
    writeFileSync(path, "db_host: 127.0.0.1\nlogging_format: json\ndb_port: 1\n");
    const server = await startAcraServer(target(), {
      keys,
      flags: [`--config_file=${path}`, "-v"],
    });
    const connector = await startAcraConnector(server, { keys });
    const client = await RawClient.login(connector.port);
    client.close();
    for (const line of server.process.stderr.lines) {
      expect(JSON.parse(line)).toMatchObject({ product: "acra-server" });
    }
    await connector.stop();
    await server.stop();
  });

  test("acra version answers on stdout", async () => {
    const { stdout } = await runAcra(["version"], keys);
    expect(stdout).toMatch(/\d+\.\d+\.\d+/);
  });
});
