/** Other settings for a running server, by SIGHUP and by /setConfig (acra-cli.md §7.3, B-9). */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import { type AcraKeys, type AcraProcess, makeKeys, startDaemon } from "../harness/acra.ts";
import { askPath } from "../harness/http_text.ts";
import { RawClient } from "../harness/pg_peers.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const DONE = "HTTP/1.1 200 OK Found\r\n\r\n";
const FAILED = "HTTP/1.1 500 Server error\r\n\r\n\r\n\r\n";
const SESSIONS = 100;

let keys: AcraKeys;
let first: PostgresServer;
let second: PostgresServer;
const started: AcraProcess[] = [];

beforeAll(async () => {
  [keys, first, second] = await Promise.all([
    makeKeys(),
    startPostgres({ login: "trust" }),
    startPostgres({ login: "trust" }),
  ]);
}, 60_000);

afterAll(async () => {
  await Promise.all(started.map((daemon) => daemon.stop()));
  await Promise.all([first.stop(), second.stop()]);
});

/** A server whose settings are in a file, its command line apart. */
interface Rig {
  readonly server: AcraProcess;
  readonly apiPort: number;
  readonly config: string;
  /** What the file says at first, the database's port apart. */
  readonly base: string;
}

async function startRig(...flags: string[]): Promise<Rig> {
  const config = join(makeTemporaryFolder(), "server.yaml");
  const [port, apiPort] = [await findFreePort(), await findFreePort()];
  const base = [
    `incoming_connection_string: tcp://127.0.0.1:${port}/`,
    `incoming_connection_api_string: tcp://127.0.0.1:${apiPort}/`,
    "http_api_enable: true",
    "db_host: 127.0.0.1",
    "",
  ].join("\n");
  writeFileSync(config, `${base}db_port: ${first.port}\n`);
  const server = await startDaemon(port, { keys }, [
    "server",
    `--config_file=${config}`,
    `--keys_dir=${keys.serverFolder}`,
    "--acraconnector_transport_encryption_disable",
    `--client_id=${keys.clientId}`,
    ...flags,
  ]);
  started.push(server);
  await waitForListener(apiPort);
  return { server, apiPort, config, base };
}

function connect(port: number, max = 1): postgres.Sql {
  return postgres(first.url({ port }), { max, connect_timeout: 10 });
}

/** The port of the database that a new session through this port reaches. */
async function databasePort(port: number): Promise<number> {
  const sql = connect(port);
  try {
    const [row] = await sql`SELECT inet_server_port() AS port`;
    return row?.["port"];
  } finally {
    await sql.end();
  }
}

async function reload({ server }: Rig, expected: RegExp | string): Promise<void> {
  const seen = server.process.stderr.lines.length;
  server.process.signal("SIGHUP");
  for (let tries = 0; tries < 500; tries++) {
    const found = server.process.stderr.lines
      .slice(seen)
      .some((line) =>
        typeof expected === "string" ? line.includes(expected) : expected.test(line),
      );
    if (found) {
      return;
    }
    await Bun.sleep(10);
  }
  throw new Error(`no line like ${expected} after SIGHUP:\n${server.process.stderr.text}`);
}

describe("acra server with other settings", () => {
  test("100 sessions amid transactions survive SIGHUP and /setConfig; new ones reach another database", async () => {
    const rig = await startRig();
    const { server, apiPort } = rig;
    const sql = connect(server.port, SESSIONS);
    const sessions = await Promise.all(Array.from({ length: SESSIONS }, () => sql.reserve()));
    await Promise.all(sessions.map((session) => session`BEGIN`));
    await Promise.all(
      sessions.map((session, i) => session`SELECT set_config('a.b', ${`${i}`}, true)`),
    );
    const running = sessions.map((session) => session`SELECT pg_sleep(1)`);
    await Promise.race([...running, Bun.sleep(100)]);

    writeFileSync(rig.config, `${rig.base}db_port: ${second.port}\n`);
    await reload(rig, `acra-server process forked to PID: ${server.process.pid}`);
    expect(await databasePort(server.port)).toBe(second.port);

    expect(await askPath(apiPort, "/setConfig", { db_port: first.port })).toBe(DONE);
    expect(await askPath(apiPort, "/getConfig")).toContain(`"db_port":${first.port},`);
    expect(await databasePort(server.port)).toBe(first.port);
    expect(await askPath(apiPort, "/setConfig", { db_port: second.port, unknown: 1 })).toBe(DONE);
    expect(await databasePort(server.port)).toBe(second.port);

    await Promise.all(running);
    const seen = await Promise.all(
      sessions.map(
        (session) => session`SELECT inet_server_port() AS port, current_setting('a.b') AS n`,
      ),
    );
    expect(seen.map(([row]) => row?.["port"])).toEqual(sessions.map(() => first.port));
    expect(seen.map(([row]) => row?.["n"])).toEqual(sessions.map((_, i) => `${i}`));
    await Promise.all(sessions.map((session) => session`COMMIT`));
    for (const session of sessions) {
      session.release();
    }
    await sql.end();
    expect(server.process.running).toBe(true);
    expect(server.process.stderr.text).toContain("Received incoming SIGHUP signal");
  }, 30_000);

  test("/setConfig stores all settings, and the next start reads them", async () => {
    const rig = await startRig();
    const change = {
      poison_run_script_file: "/bin/x: # \"y\" 'z'",
      poison_shutdown_enable: true,
      debug: true,
    };
    expect(await askPath(rig.apiPort, "/setConfig", change)).toBe(DONE);
    const said = JSON.parse((await askPath(rig.apiPort, "/getConfig")).slice(DONE.length));
    expect(said).toMatchObject({ ...change, db_port: first.port });
    const text = readFileSync(rig.config, "utf8");
    expect(text).toMatch(/^# [^\n]+\nacracensor_config_file: \n\n# /);
    expect(text).toContain(`\ndb_port: ${first.port}\n`);
    expect(text).toContain(`\nclient_id: ${keys.clientId}\n`);
    expect(text).not.toContain(keys.masterKey);
    expect(statSync(rig.config).mode & 0o777).toBe(0o644);
    expect(readdirSync(join(rig.config, ".."))).toEqual(["server.yaml"]);
    await rig.server.process.stderr.waitFor("Enabling DEBUG log level");
    await reload(rig, "forked to PID");
    expect(JSON.parse((await askPath(rig.apiPort, "/getConfig")).slice(DONE.length))).toEqual(said);
  });

  test("what the command line says stays in force and is what /getConfig shows", async () => {
    const rig = await startRig(`--db_port=${first.port}`);
    expect(await askPath(rig.apiPort, "/setConfig", { db_port: second.port, debug: true })).toBe(
      DONE,
    );
    expect(await databasePort(rig.server.port)).toBe(first.port);
    expect(await askPath(rig.apiPort, "/getConfig")).toContain(
      `"db_port":${first.port},"incoming_connection_api_port":9090,"debug":true`,
    );
    expect(readFileSync(rig.config, "utf8")).toContain(`\ndb_port: ${second.port}\n`);
  });

  test("bad settings are refused, logged with 508, and change nothing", async () => {
    const rig = await startRig();
    const good = readFileSync(rig.config, "utf8");
    const taken = await startRig();
    for (const bad of [
      `${good}db_port: 99999\n`,
      `${good}db_port: abc\n`,
      `${good}db_host: ""\n`,
      `${good}mysql_enable: [\n`,
      `${good}incoming_connection_string: tcp://127.0.0.1:${taken.server.port}/\n`,
      good.replace(`:${rig.apiPort}/`, `:${taken.apiPort}/`),
    ]) {
      writeFileSync(rig.config, bad);
      await reload(rig, /code=508/);
      expect(await databasePort(rig.server.port)).toBe(first.port);
      expect(await askPath(rig.apiPort, "/resetKeyStorage")).toBe(DONE);
    }
    writeFileSync(rig.config, good);
    for (const bad of [
      { db_port: 0 },
      { db_port: 65_536, debug: true },
      { db_host: "" },
      { incoming_connection_api_port: -1 },
      { db_host: "a\nkeys_dir: /x" },
      { debug: "yes" },
      "{",
    ]) {
      expect(await askPath(rig.apiPort, "/setConfig", bad)).toBe(FAILED);
    }
    expect(readFileSync(rig.config, "utf8")).toBe(good);
    expect(readdirSync(join(rig.config, ".."))).toEqual(["server.yaml"]);
    expect(await databasePort(rig.server.port)).toBe(first.port);
    expect(rig.server.process.stderr.text).not.toContain("internal error");
  }, 20_000);

  test("when one of two addresses cannot be listened on, neither moves", async () => {
    const [rig, taken] = [await startRig(), await startRig()];
    const free = await findFreePort();
    const words = readFileSync(rig.config, "utf8")
      .replace(`:${rig.server.port}/`, `:${free}/`)
      .replace(`:${rig.apiPort}/`, `:${taken.apiPort}/`);
    writeFileSync(rig.config, words);
    await reload(rig, /code=508/);
    await expect(RawClient.connect(free)).rejects.toThrow();
    expect(await databasePort(rig.server.port)).toBe(first.port);
  });

  test("changes that come at once all hold in the end", async () => {
    const rig = await startRig();
    const changes = [
      { debug: true },
      { poison_shutdown_enable: true },
      { poison_run_script_file: "/bin/true" },
      { db_port: second.port },
    ];
    const answers = changes.map((change) => askPath(rig.apiPort, "/setConfig", change));
    expect(await Promise.all(answers)).toEqual(changes.map(() => DONE));
    const said = JSON.parse((await askPath(rig.apiPort, "/getConfig")).slice(DONE.length));
    expect(said).toMatchObject(Object.assign({}, ...changes));
  });

  test("a configuration file that cannot be written is a failure, and nothing changes", async () => {
    const rig = await startRig();
    rmSync(join(rig.config, ".."), { recursive: true });
    writeFileSync(join(rig.config, ".."), "");
    expect(await askPath(rig.apiPort, "/setConfig", { debug: true })).toBe(FAILED);
    expect(await askPath(rig.apiPort, "/getConfig")).toContain('"debug":false');
    expect(rig.server.process.stderr.text).toContain("code=558");
  });

  test("listeners move to other addresses without ending sessions", async () => {
    const rig = await startRig();
    const session = connect(rig.server.port);
    await session`SELECT 1`;
    const [port, apiPort] = [await findFreePort(), await findFreePort()];
    writeFileSync(
      rig.config,
      `${rig.base}db_port: ${first.port}\n`
        .replace(`:${rig.server.port}/`, `:${port}/`)
        .replace(`:${rig.apiPort}/`, `:${apiPort}/`),
    );
    await reload(rig, "forked to PID");
    expect(await databasePort(port)).toBe(first.port);
    expect(await askPath(apiPort, "/resetKeyStorage")).toBe(DONE);
    await expect(RawClient.connect(rig.server.port)).rejects.toThrow();
    await expect(RawClient.connect(rig.apiPort)).rejects.toThrow();
    await session`SELECT 1`;
    await session.end();
    writeFileSync(
      rig.config,
      `incoming_connection_string: tcp://0.0.0.0:${port}/\ndb_host: 127.0.0.1\ndb_port: ${first.port}\n`,
    );
    await reload(rig, "forked to PID");
    expect(await databasePort(port)).toBe(first.port);
    await expect(RawClient.connect(apiPort)).rejects.toThrow();
  });

  test("/setConfig moves the API's own port and is still answered", async () => {
    const rig = await startRig();
    const [apiPort, other] = [await findFreePort(), await findFreePort()];
    const words = `db_host: 127.0.0.1\nhttp_api_enable: true\nincoming_connection_host: 127.0.0.1\n`;
    const ports = `incoming_connection_port: ${rig.server.port}\nincoming_connection_api_port: ${apiPort}\n`;
    writeFileSync(rig.config, `${words}${ports}`);
    await reload(rig, "forked to PID");
    const change = { incoming_connection_api_port: other };
    expect(await askPath(apiPort, "/setConfig", change)).toBe(DONE);
    expect(await askPath(other, "/getConfig")).toContain(
      `"incoming_connection_api_port":${other},`,
    );
    await expect(RawClient.connect(apiPort)).rejects.toThrow();
  });

  test("/resetKeyStorage reaches sessions that run under older settings", async () => {
    const rig = await startRig();
    const sealed = createAcrastruct(Buffer.from("plain"), keys.storagePublicKey);
    const session = connect(rig.server.port);
    const read = async () => {
      const [row] = await session`SELECT ${Buffer.from(sealed)}::bytea AS cell`;
      return Buffer.from(row?.["cell"]).toString();
    };
    expect(await read()).toBe("plain");
    await reload(rig, "forked to PID");
    const path = join(keys.serverFolder, `${keys.clientId}_storage`);
    const key = readFileSync(path);
    rmSync(path);
    try {
      expect(await read()).toBe("plain");
      expect(await askPath(rig.apiPort, "/resetKeyStorage")).toBe(DONE);
      expect(await read()).toBe(Buffer.from(sealed).toString());
    } finally {
      writeFileSync(path, key, { mode: 0o600 });
      await session.end();
    }
  });

  test("many SIGHUPs at once end in an orderly state", async () => {
    const rig = await startRig();
    for (let i = 0; i < 20; i++) {
      rig.server.process.signal("SIGHUP");
      await Bun.sleep(i % 5);
    }
    await reload(rig, "forked to PID");
    expect(await databasePort(rig.server.port)).toBe(first.port);
    rig.server.process.signal("SIGHUP");
    expect(await rig.server.stop()).toBe(0);
  });
});
