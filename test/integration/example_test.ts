/** The example for TypeScript, step by step as its README tells, against the running programs. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";

const EXAMPLE = join(import.meta.dir, "../../examples/typescript/example_without_zone.ts");
const VALUE = "4929 1273 4096 1111";

let database: PostgresServer;
let keys: AcraKeys;
let server: AcraProcess;
let connector: AcraProcess;

beforeAll(async () => {
  database = await startPostgres();
  keys = await makeKeys();
  server = await startAcraServer(database, { keys });
  connector = await startAcraConnector(server, { keys });
});

afterAll(async () => {
  await connector?.stop();
  await server?.stop();
  await database?.stop();
});

async function runExample(port: number, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await runProcess(
    [
      ...[process.execPath, EXAMPLE, `--host=${database.host}`, `--port=${port}`, ...args],
      ...[`--db_name=${database.database}`, `--db_user=${database.user}`],
      `--public_key=${join(keys.folder, "acra-writer", `${keys.clientId}_storage.pub`)}`,
    ],
    { env: { EXAMPLE_DB_PASSWORD: database.password } },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout;
}

test("the example writes directly, is unreadable there, and readable through the connector", async () => {
  expect(await runExample(database.port, `--data=${VALUE}`)).toMatch(
    /^wrote row \d+: 208 protected bytes$/,
  );
  const [head, stolen] = (await runExample(database.port, "--print")).split("\n");
  expect(head).toBe("id | data | raw_data");
  expect(stolen).toMatch(/^\d+ \| \\x2222222222222222554543320000002d[0-9a-f]+… \(208 bytes\) \| /);
  expect(stolen).toEndWith(`| ${VALUE}`);

  const read = (await runExample(connector.port, "--print")).split("\n")[1];
  expect(read).toMatch(/^\d+ \| 4929 1273 4096 1111 \| 4929 1273 4096 1111$/);
});

test("the example writes through the connector just as well", async () => {
  await runExample(connector.port, "--data=second");
  expect(await runExample(connector.port, "--print")).toContain("| second | second");
});
