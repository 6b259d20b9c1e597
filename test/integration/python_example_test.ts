/**
 * The Python writer and its example programs, with Python's packages as the distribution has them:
 * the writer's own tests, and rows that Python writes and the running server opens.
 */

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  runAcra,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { findFreePort } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { missingPythonModule, PYTHON, testUnless } from "../harness/skip.ts";

const FOLDER = join(import.meta.dir, "../../examples/python");
const VALUE = "4929 1273 4096 1111";
const missingWriter = missingPythonModule("cryptography");
const missing = missingWriter ?? missingPythonModule("psycopg2");
const missingSqlAlchemy = missing ?? missingPythonModule("sqlalchemy");

async function runPython(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { status, stdout, stderr } = await runProcess([PYTHON, ...args], {
    cwd: FOLDER,
    env: { PYTHONDONTWRITEBYTECODE: "1", ...env },
  });
  if (status !== 0) {
    throw new Error(`python3 ${args.join(" ")}: status ${status}\n${stderr}`);
  }
  return stdout === "" ? stderr : stdout;
}

testUnless(missingWriter, "the Python writer passes its own tests", async () => {
  await runOwnTests("acrawriter", 11);
});

for (const [library, count] of [
  ["django", 13],
  ["sqlalchemy", 4],
] as const) {
  testUnless(
    missingWriter ?? missingPythonModule(library),
    `what the Python writer has for ${library} passes its own tests`,
    () => runOwnTests(library, count),
  );
}

async function runOwnTests(name: string, count: number): Promise<void> {
  const report = await runPython(["-m", "unittest", `tests.test_${name}`]);
  const [, ran] = report.match(/Ran (\d+) tests in .*\n\nOK$/) ?? [];
  expect(Number(ran), report).toBeGreaterThanOrEqual(count);
}

describe("the Python example", () => {
  let database: PostgresServer;
  let keys: AcraKeys;
  const daemons: AcraProcess[] = [];
  const ports = { connector: 0, zoneConnector: 0, zoneApi: 0 };

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    [keys, database] = await Promise.all([makeKeys(), startPostgres()]);
    ports.connector = await startPair();
    const serverApi = await findFreePort();
    ports.zoneApi = await findFreePort();
    ports.zoneConnector = await startPair(
      [
        ...["--zonemode_enable", "--http_api_enable"],
        `--incoming_connection_api_string=tcp://127.0.0.1:${serverApi}/`,
      ],
      [
        "--http_api_enable",
        `--acraserver_api_connection_string=tcp://127.0.0.1:${serverApi}/`,
        `--incoming_connection_api_string=tcp://127.0.0.1:${ports.zoneApi}/`,
      ],
    );
  });

  afterAll(async () => {
    for (const daemon of daemons.toReversed()) {
      await daemon.stop();
    }
    await database?.stop();
  });

  /** Starts a server and a connector; answers the connector's port. */
  async function startPair(serverFlags: string[] = [], flags: string[] = []): Promise<number> {
    const server = await startAcraServer(database, { keys, flags: serverFlags });
    daemons.push(server);
    const connector = await startAcraConnector(server, { keys, flags });
    daemons.push(connector);
    return connector.port;
  }

  async function runExample(name: string, port: number, ...args: string[]): Promise<string> {
    return await runPython([`example_${name}.py`, `--port=${port}`, ...args], {
      EXAMPLE_HOST: database.host,
      EXAMPLE_DB_NAME: database.database,
      EXAMPLE_DB_USER: database.user,
      EXAMPLE_DB_PASSWORD: database.password,
    });
  }

  async function write(port: number, value: string): Promise<string> {
    return await runExample("without_zone", port, `--data=${value}`, publicKeyFlag(), "-v");
  }

  function publicKeyFlag(): string {
    return `--public_key=${join(keys.folder, "acra-writer", `${keys.clientId}_storage.pub`)}`;
  }

  testUnless(missing, "writes directly, and is readable only through the connector", async () => {
    expect(await write(database.port, VALUE)).toMatch(/^wrote row \d+: 208 protected bytes$/);
    const [head, stolen] = (await runExample("without_zone", database.port, "--print")).split("\n");
    expect(head).toBe("id | data | raw_data");
    expect(stolen).toMatch(
      /^\d+ \| \\x2222222222222222554543320000002d[0-9a-f]+… \(208 bytes\) \| 4929 1273 4096 1111$/,
    );
    const read = (await runExample("without_zone", ports.connector, "--print")).split("\n")[1];
    expect(read).toMatch(/^\d+ \| 4929 1273 4096 1111 \| 4929 1273 4096 1111$/);
  });

  testUnless(missing, "writes through the connector just as well", async () => {
    await write(ports.connector, "zweitens");
    expect(await runExample("without_zone", ports.connector, "--print")).toContain(
      "| zweitens | zweitens",
    );
  });

  testUnless(missingSqlAlchemy, "writes and reads objects with SQLAlchemy", async () => {
    const run = (port: number, flag: string) =>
      runExample("sqlalchemy", port, flag, publicKeyFlag()).then((out) => out.split("\n").at(-1));
    expect(await run(database.port, `--data=${VALUE}`)).toBe("wrote a row");
    expect(await run(ports.connector, "--print")).toBe(`1 | ${VALUE} | ${VALUE} | ${VALUE}`);
    const stolen = await run(database.port, "--print");
    expect(stolen).toMatch(
      /^1 \| '""""""""UEC2.*'… \| \\x2222222222222222554543320000002d[0-9a-f]+… \(208 /,
    );
  });

  testUnless(missing, "writes into a zone, readable only where its id is named", async () => {
    const api = `--zone_api=http://127.0.0.1:${ports.zoneApi}`;
    const written = await runExample("with_zone", database.port, `--data=${VALUE}`, api);
    const [, zoneId = ""] =
      written.match(/: 208 protected bytes in zone (D{8}[a-zA-Z]{16})$/) ?? [];
    expect(zoneId).not.toBe("");
    const print = (...args: string[]) =>
      runExample("with_zone", ports.zoneConnector, "--print", ...args).then(
        (out) => out.split("\n")[1],
      );

    expect(await print(`--zone_id=${zoneId}`)).toEndWith(`| ${zoneId} | ${VALUE} | ${VALUE}`);
    const unread = await print();
    expect(unread).toMatch(/\| \\x22222222222222225545[0-9a-f]+… \(208 bytes\) \| 4929 1273/);
    expect(await print("--zone_id=DDDDDDDDabcdefghijklmnop")).toBe(unread ?? "");
  });

  testUnless(missing, "writes into a zone that exists", async () => {
    const made = await runAcra(["addzone", `--keys_output_dir=${keys.serverFolder}`], keys);
    const zoneId = String(JSON.parse(made.stdout).id);
    const publicKey = join(keys.serverFolder, `${zoneId}_zone.pub`);
    const zone = `--zone_id=${zoneId}`;
    await runExample("with_zone", database.port, "--data=known", zone, `--public_key=${publicKey}`);
    const rows = await runExample("with_zone", ports.zoneConnector, "--print", zone);
    expect(rows).toContain(`| ${zoneId} | known | known`);
  });
});
