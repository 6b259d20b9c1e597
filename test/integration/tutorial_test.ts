/**
 * "Five minutes to a protected row" of the README and sections 1 to 3 of docs/tutorial.md, followed by one
 * shell. The build is left out; ports come from configuration files, which the pages do not mention.
 * Section 4 has a test of its own.
 */

import { afterAll, beforeAll, expect } from "bun:test";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { layAcra } from "../harness/acra.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { readShellBlocks, Shell } from "../harness/shell_blocks.ts";
import { missingProgram, testUnless } from "../harness/skip.ts";

const ROOT = join(import.meta.dir, "../..");
const FIVE_MINUTES = "Five minutes to a protected row with your own PostgreSQL";
const VALUE = "4929 1273 4096 1111";
const missing = missingProgram("psql");
const blocks = [
  ...readShellBlocks(join(ROOT, "README.md")),
  ...readShellBlocks(join(ROOT, "docs/tutorial.md")),
];

let folder: string;
let shell: Shell;
let database: PostgresServer;
const ports: Record<string, number> = {};

beforeAll(async () => {
  if (missing !== null) {
    return;
  }
  database = await startPostgres();
  for (const port of ["9393", "9494", "9495"]) {
    ports[port] = await findFreePort();
  }
  ports["5432"] = database.port;
  folder = makeTemporaryFolder();
  symlinkSync(join(ROOT, "examples"), join(folder, "examples"));
  mkdirSync(join(folder, "configs"));
  writeFileSync(
    join(folder, "configs/acra-server.yaml"),
    `db_port: ${ports["5432"]}\nincoming_connection_port: ${ports["9393"]}\n`,
  );
  writeFileSync(
    join(folder, "configs/acra-connector.yaml"),
    `acraserver_connection_port: ${ports["9393"]}\nincoming_connection_port: ${ports["9494"]}\n`,
  );
  const bin = layAcra(makeTemporaryFolder());
  const path = `${bin}:${dirname(process.execPath)}:${process.env["PATH"]}`;
  shell = new Shell({ cwd: folder, env: { PATH: path } });
});

afterAll(async () => {
  await shell?.stop();
  await database?.stop();
});

function commandsOf(section: string): string[] {
  return blocks
    .filter((block) => block.section === section && !block.commands.includes("bun run build"))
    .map(({ commands }) =>
      commands.replace(/\b(?:5432|9393|949[45])\b/g, (port) => `${ports[port]}`),
    );
}

/** In a shell of its own, as the pages say: beside the other commands, with a log. */
async function start(name: string, commands: string, port: string): Promise<void> {
  await shell.run(`${commands.trimEnd()} >${name}.log 2>&1 &\n${name}=$!`);
  await waitForListener(ports[port] ?? 0);
}

const readThroughConnector = () =>
  shell.run(
    `PGPASSWORD=test psql -h 127.0.0.1 -p ${ports["9494"]} -U test acra -c "SELECT * FROM test_example_without_zone" || echo closed`,
  );

testUnless(missing, "the README's five minutes end with a row that is read", async () => {
  const [prepare = "", keys = "", server = "", connector = "", write = "", read = "", ...more] =
    commandsOf(FIVE_MINUTES);
  expect(more).toEqual([]);
  const { host, port, user, password } = database;
  const owner = { PGHOST: host, PGPORT: port, PGUSER: user, PGPASSWORD: password };
  const set = Object.entries(owner).map(([name, value]) => `export ${name}=${value}`);
  await shell.run(set.join("\n"));
  await shell.run(prepare);
  await shell.run(`unset ${Object.keys(owner).join(" ")}`);
  expect(await shell.run(keys)).toContain("testclientid_storage");
  await start("SERVER", server, "9393");
  await start("CONNECTOR", connector, "9494");
  const [, stored = "", shown = ""] = (await shell.run(write)).split("id | data | raw_data\n");
  expect(stored).toMatch(/^\d+ \| \\x2222222222222222/);
  expect(shown).toContain(`| ${VALUE} |`);
  expect(await shell.run(read)).toContain(`\\x${Buffer.from(VALUE).toString("hex")}`);
});

testUnless(missing, "the tutorial shows who can read what", async () => {
  const [direct = "", ...more] = commandsOf("Who can read what");
  expect(more).toEqual([]);
  expect(await shell.run(`${direct.trimEnd()} || echo closed`)).toBe("closed");
});

testUnless(missing, "the tutorial's second client reads sealed values", async () => {
  const [keys = "", connector = "", read = "", ...more] = commandsOf("A second client");
  expect(more).toEqual([]);
  await shell.run(keys);
  await start("SECOND", connector, "9495");
  expect(await shell.run(read)).toMatch(/\d+ \| \\x2222222222222222/);
});

testUnless(
  missing,
  "the tutorial's poison record is recognised, and stops the server",
  async () => {
    const [plant = "", restart = "", remove = "", ...more] = commandsOf("A poison record");
    expect(more).toEqual([]);
    expect(await shell.run(plant)).toBe("INSERT 0 1");
    await readThroughConnector();
    expect(readFileSync(join(folder, "SERVER.log"), "utf8")).toContain("Recognized poison record");
    await shell.run('kill "$SERVER"\nwait "$SERVER" || true');
    await start("ALARMED", restart, "9393");
    expect(await readThroughConnector()).toBe("closed");
    expect(await shell.run('wait "$ALARMED" || echo "status $?"')).toBe("status 1");
    const end = Date.now() + 5_000;
    while (!existsSync(join(folder, "alarms.txt")) && Date.now() < end) {
      await Bun.sleep(20);
    }
    expect(existsSync(join(folder, "alarms.txt"))).toBe(true);
    expect(await shell.run(remove)).toBe("DELETE 1");
  },
);
