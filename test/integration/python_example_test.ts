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
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { missingPythonModule, PYTHON, testUnless } from "../harness/skip.ts";

const FOLDER = join(import.meta.dir, "../../examples/python");
const VALUE = "4929 1273 4096 1111";
const missingWriter = missingPythonModule("cryptography");
const missing = missingWriter ?? missingPythonModule("psycopg2");

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
  expect(await runPython(["-m", "unittest"])).toMatch(/Ran 1\d tests in .*\n\nOK$/);
});

describe("the Python example", () => {
  let database: PostgresServer;
  let keys: AcraKeys;
  let server: AcraProcess;
  let connector: AcraProcess;

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    [keys, database] = await Promise.all([makeKeys(), startPostgres()]);
    server = await startAcraServer(database, { keys });
    connector = await startAcraConnector(server, { keys });
  });

  afterAll(async () => {
    await connector?.stop();
    await server?.stop();
    await database?.stop();
  });

  async function runExample(port: number, ...args: string[]): Promise<string> {
    const publicKey = join(keys.folder, "acra-writer", `${keys.clientId}_storage.pub`);
    return await runPython(
      [
        ...["example_without_zone.py", `--host=${database.host}`, `--port=${port}`, ...args],
        ...[`--db_name=${database.database}`, `--db_user=${database.user}`],
        `--public_key=${publicKey}`,
      ],
      { EXAMPLE_DB_PASSWORD: database.password },
    );
  }

  testUnless(missing, "writes directly, and is readable only through the connector", async () => {
    expect(await runExample(database.port, `--data=${VALUE}`)).toMatch(
      /^wrote row \d+: 208 protected bytes$/,
    );
    const [head, stolen] = (await runExample(database.port, "--print")).split("\n");
    expect(head).toBe("id | data | raw_data");
    expect(stolen).toMatch(
      /^\d+ \| \\x2222222222222222554543320000002d[0-9a-f]+… \(208 bytes\) \| 4929 1273 4096 1111$/,
    );
    const read = (await runExample(connector.port, "--print")).split("\n")[1];
    expect(read).toMatch(/^\d+ \| 4929 1273 4096 1111 \| 4929 1273 4096 1111$/);
  });

  testUnless(missing, "writes through the connector just as well", async () => {
    await runExample(connector.port, "--data=zweitens", "-v");
    expect(await runExample(connector.port, "--print")).toContain("| zweitens | zweitens");
  });
});
