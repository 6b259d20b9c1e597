/** Zone mode with a real PostgreSQL: the example as its README tells, and what SQL gets to see. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
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

const EXAMPLE = join(import.meta.dir, "../../examples/typescript/example_with_zone.ts");
const VALUE = "4929 1273 4096 1111";
const PROTECTED = /\| \\x2222222222222222554543320000002d[0-9a-f]+… \(208 bytes\) \| /;

interface Zone {
  readonly id: string;
  readonly publicKey: Uint8Array;
}

let database: PostgresServer;
let keys: AcraKeys;
let server: AcraProcess;
let connector: AcraProcess;
let rawServer: AcraProcess;
let zoneApi: string;
let sql: Sql;

beforeAll(async () => {
  [database, keys] = await Promise.all([startPostgres(), makeKeys()]);
  const [serverApi, connectorApi] = [await findFreePort(), await findFreePort()];
  zoneApi = `http://127.0.0.1:${connectorApi}`;
  server = await startAcraServer(database, { keys, flags: zoneFlags(serverApi) });
  connector = await startAcraConnector(server, {
    keys,
    flags: [
      "--http_api_enable",
      `--acraserver_api_connection_string=tcp://127.0.0.1:${serverApi}/`,
      `--incoming_connection_api_string=tcp://127.0.0.1:${connectorApi}/`,
    ],
  });
  rawServer = await startAcraServer(database, {
    keys,
    flags: [
      ...zoneFlags(await findFreePort()),
      "--acraconnector_transport_encryption_disable",
      "--acrastruct_injectedcell_enable",
    ],
  });
  sql = postgres({
    host: "127.0.0.1",
    port: rawServer.port,
    database: database.database,
    username: database.user,
    password: database.password,
    max: 1,
  });
});

afterAll(async () => {
  await sql?.end();
  for (const part of [connector, server, rawServer, database]) {
    await part?.stop();
  }
});

/** Zone mode opens the HTTP API too. */
function zoneFlags(apiPort: number): string[] {
  return ["--zonemode_enable", `--incoming_connection_api_string=tcp://127.0.0.1:${apiPort}/`];
}

async function addZone(): Promise<Zone> {
  const { stdout } = await runAcra(["addzone", "--keys_output_dir", keys.serverFolder], keys);
  const zone = JSON.parse(stdout);
  return { id: zone.id, publicKey: Buffer.from(zone.public_key, "base64") };
}

async function runExample(port: number, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runProcess(
    [
      ...[process.execPath, EXAMPLE, `--host=${database.host}`, `--port=${port}`, ...args],
      ...[`--db_name=${database.database}`, `--db_user=${database.user}`],
    ],
    { env: { EXAMPLE_DB_PASSWORD: database.password } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("the example is readable with the right zone id only, through the connector only", async () => {
  const [zone, other] = [await addZone(), await addZone()];
  const written = await runExample(
    database.port,
    `--data=${VALUE}`,
    `--zone_id=${zone.id}`,
    `--public_key=${join(keys.serverFolder, `${zone.id}_zone.pub`)}`,
  );
  expect(written).toMatch(/^wrote row \d+: 208 protected bytes in zone D{8}[a-zA-Z]{16}$/);
  const read = async (port: number, ...args: string[]) =>
    (await runExample(port, "--print", ...args)).split("\n")[1] ?? "";

  expect(await read(connector.port, `--zone_id=${zone.id}`)).toEndWith(
    `| ${zone.id} | ${VALUE} | ${VALUE}`,
  );
  const unread = await read(connector.port);
  expect(unread).toMatch(PROTECTED);
  expect(unread).toEndWith(`| ${VALUE}`);
  // A wrong zone, one that is not there, and no proxy at all: the answer does not tell them apart.
  expect(await read(connector.port, `--zone_id=${other.id}`)).toBe(unread);
  expect(await read(connector.port, "--zone_id=DDDDDDDDnosuchzoneatalls")).toBe(unread);
  expect(await read(database.port, `--zone_id=${zone.id}`)).toBe(unread);
});

test("the example asks for a new zone through the connector", async () => {
  const written = await runExample(database.port, "--data=in a new zone", `--zone_api=${zoneApi}`);
  const [zoneId = ""] = written.match(/D{8}[a-zA-Z]{16}$/) ?? [];
  const read = await runExample(connector.port, "--print", `--zone_id=${zoneId}`);
  expect(read).toContain(`| ${zoneId} | in a new zone | in a new zone`);
});

test("zones are matched in columns and rows as they come, without a client id", async () => {
  const [one, two] = [await addZone(), await addZone()];
  const seal = (zone: Zone, text: string) =>
    Buffer.from(createAcrastruct(text, zone.publicKey, zone.id));
  const [first, second] = [seal(one, "first"), seal(two, "second")];
  const rows = await sql`
    SELECT ${one.id}::text AS a, ${first}::bytea AS b, ${Buffer.from(two.id)}::bytea AS c, ${second}::bytea AS d
    UNION ALL SELECT NULL, ${first}::bytea, NULL, ${second}::bytea
    UNION ALL SELECT ${two.id}::text, ${first}::bytea, NULL, ${second}::bytea`;
  expect(rows.map(({ b, d }) => [b.toString("latin1"), d.toString("latin1")])).toEqual([
    ["first", "second"],
    [first.toString("latin1"), second.toString("latin1")],
    [first.toString("latin1"), "second"],
  ]);
});

test("storage keys open nothing in zone mode", async () => {
  const struct = Buffer.from(createAcrastruct("text", keys.storagePublicKey));
  const { id } = await addZone();
  const [row] = await sql`SELECT ${id}::text, ${struct}::bytea AS data`;
  expect(row?.["data"].equals(struct)).toBe(true);
});
