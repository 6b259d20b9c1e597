/**
 * Server and connector through a life with failures and hostile peers, their logs in json and cef: each
 * single line of stderr is read by a strict reader, and nothing secret is in any.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  acraCommand,
  makeKeys,
  makePoisonRecord,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { parseCef } from "../harness/cef.ts";
import { readEventPage } from "../harness/event_page.ts";
import { type LogLine, readJsonLines } from "../harness/log_lines.ts";
import { message, RawClient, startupMessage } from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const END = "\0";
const PLAINTEXT = "4929 1273 4096 1111";
const QUERY_MARK = "secret_query_text";
const PASSWORD = "hunter2-secret-password";
/** What a peer sends, and a path holds, in the hope of breaking a line. */
const HOSTILE = 'a|b=c\\d"e\n{"level":"info"}\r\nCEF:0|x|\u2028\u0085\x1b[2Jf';
const HOSTILE_FOLDER = 'k|e=y\\s"\n\x1b[1mé\u2028';
const INVALID_UTF8 = Buffer.from([0xff, 0xfe, 0x0a, 0x7c, 0x3d, 0xc3, 0x28]);
const LEVELS = { debug: 0, info: 1, warning: 3, error: 6 } as const;
const FORMATS = { json: readJson, cef: readCef } as const;

let database: PostgresServer;
let knownCodes: readonly number[];

beforeAll(async () => {
  database = await startPostgres();
  knownCodes = readEventPage().events.map(({ code }) => code);
});

afterAll(async () => {
  await database.stop();
});

/** One line of either format. */
interface Line {
  readonly level: keyof typeof LEVELS;
  readonly message: string;
  readonly code: number;
  readonly fields: ReadonlyMap<string, unknown>;
}

const JSON_KEYS = ["level", "msg", "product", "timestamp", "unixTime", "version"];

function readJson(lines: readonly string[], product: string): Line[] {
  return readJsonLines(lines).map((line, index) => {
    expect(Object.keys(line)).toEqual(Object.keys(line).sort());
    expect(String(line["level"])).toMatch(/^(?:debug|info|warning|error)$/);
    expect(line["msg"]).toBeString();
    expect(line["product"]).toBe(product);
    expect(line["timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/);
    expect(line["unixTime"]).toMatch(/^\d{10}\.\d{3}$/);
    expect(line["version"]).toMatch(/^\d+\.\d+\.\d+$/);
    for (const value of Object.values(line)) {
      expect(["string", "number", "boolean"]).toContain(typeof value);
    }
    expect(["number", "undefined"]).toContain(typeof line["code"]);
    expect(lines[index]).not.toMatch(/[<>&]/);
    return toLine(line);
  });
}

function toLine(line: LogLine): Line {
  const { level, msg, code = 100, ...rest } = line;
  const fields = Object.entries(rest).filter(([key]) => !JSON_KEYS.includes(key));
  return {
    level: level as Line["level"],
    message: String(msg),
    code: Number(code),
    fields: new Map(fields),
  };
}

function readCef(lines: readonly string[], product: string): Line[] {
  return lines.map((text) => {
    const line = parseCef(text);
    expect(line).toMatchObject({ vendor: "cossacklabs", product });
    expect(line.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect(line.fields.get("unixTime")).toMatch(/^\d{10}\.\d{3}$/);
    const [level] = Object.entries(LEVELS).find(([, weight]) => weight === line.severity) ?? [];
    expect(level).toBeDefined();
    const fields = new Map<string, unknown>(line.fields);
    fields.delete("unixTime");
    return { level: level as Line["level"], message: line.message, code: line.code, fields };
  });
}

function frame(content: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return Buffer.concat([length, content]);
}

/** Sends bytes and waits until the other side has closed. */
async function send(port: number, bytes: Uint8Array): Promise<void> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.resume();
  socket.end(bytes);
  await new Promise<void>((resolve) => socket.on("close", () => resolve()));
}

/** A startup packet with names that a peer chose to do harm. */
function hostileStartup(): Buffer {
  const names = startupMessage({ user: HOSTILE, database: HOSTILE, application_name: HOSTILE });
  const end = Buffer.from("\0\0");
  const bytes = Buffer.concat([names.subarray(0, -1), INVALID_UTF8, end, end]);
  bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

/** What goes through a connector in one life: a login that works, rows, poison, and failures. */
async function useConnector(port: number, keys: AcraKeys): Promise<void> {
  const { SQL } = Bun;
  const sql = new SQL({ url: database.url({ port }), max: 1, tls: false, prepare: false });
  const sealed = createAcrastruct(Buffer.from(PLAINTEXT), keys.storagePublicKey);
  const poison = await makePoisonRecord(keys);
  const [row] = await sql.unsafe(
    `SELECT '\\x${Buffer.from(sealed).toString("hex")}'::bytea AS cell`,
  );
  expect(Buffer.from(row.cell).toString()).toBe(PLAINTEXT);
  await sql.unsafe(`SELECT '\\x${Buffer.from(poison).toString("hex")}'::bytea`);
  await sql.unsafe(`SELECT '${QUERY_MARK}' FROM ${QUERY_MARK}`).catch(() => {});
  await sql.end();
  const stranger = new SQL({ url: database.url({ port }), password: PASSWORD, max: 1, tls: false });
  await expect(Promise.resolve(stranger`SELECT 1`)).rejects.toThrow();
  await stranger.end();
  await send(port, hostileStartup());
  await send(port, Buffer.concat([INVALID_UTF8, Buffer.from(HOSTILE)]));
  const client = await RawClient.connect(port);
  client.send(Buffer.concat([startupMessage({ user: HOSTILE }), message("p", PASSWORD + END)]));
  await client.untilClosed();
}

/** What comes from elsewhere to the server's ports. */
async function attackServer(port: number, apiPort: number, keys: AcraKeys): Promise<void> {
  for (const id of [HOSTILE, "x|y=z\n1", "another_client", keys.clientId]) {
    await send(port, frame(Buffer.from(id)));
  }
  for (const bytes of [INVALID_UTF8, frame(INVALID_UTF8), Buffer.from(HOSTILE), Buffer.alloc(0)]) {
    await send(port, bytes);
    await send(apiPort, bytes);
  }
}

/** A server whose paths and settings hold what breaks lines. */
async function startServer(
  format: string,
  keys: AcraKeys,
  apiPort: number,
): Promise<AcraProcess & { readonly config: string }> {
  const folder = makeTemporaryFolder();
  chmodSync(folder, 0o711);
  const config = join(folder, `${HOSTILE_FOLDER}.yaml`);
  writeFileSync(config, `"un|known=\\n{}": 1\nhttp_api_enable: true\n`);
  const server = await startAcraServer(database, {
    keys,
    flags: [
      `--config_file=${config}`,
      `--logging_format=${format}`,
      "-d",
      `--poison_run_script_file=${join(folder, HOSTILE_FOLDER)}`,
      `--incoming_connection_api_string=tcp://127.0.0.1:${apiPort}/`,
      "--incoming_connection_close_timeout=0",
    ],
  });
  return { ...server, config };
}

async function live(format: string): Promise<{ server: AcraProcess; connector: AcraProcess }> {
  const keys = await makeKeys();
  const apiPort = await findFreePort();
  const server = await startServer(format, keys, apiPort);
  const flags = [`--logging_format=${format}`, "-d"];
  const connector = await startAcraConnector(server, { keys, flags });
  await useConnector(connector.port, keys);
  await attackServer(server.port, apiPort, keys);
  writeFileSync(server.config, `db_host: "un|ended=\n`);
  server.process.signal("SIGHUP");
  await server.process.stderr.waitFor("the old one stays in force");
  const busy = await RawClient.connect(connector.port);
  await Bun.sleep(200);
  await server.stop();
  busy.close();
  await connector.stop();
  const said = [server, connector].map((program) => program.process.stderr.text).join("\n");
  for (const secret of [
    PLAINTEXT,
    QUERY_MARK,
    PASSWORD,
    database.password,
    keys.masterKey,
    Buffer.from(keys.masterKey, "base64").toString("hex"),
    readFileSync(join(keys.serverFolder, `${keys.clientId}_storage`)).toString("base64"),
  ]) {
    expect(said).not.toContain(secret);
  }
  return { server, connector };
}

for (const [format, read] of Object.entries(FORMATS)) {
  describe(`a life logged as ${format}`, () => {
    let lines: Line[];
    let connectorLines: Line[];

    beforeAll(async () => {
      const { server, connector } = await live(format);
      lines = read(server.process.stderr.lines, "acra-server");
      connectorLines = read(connector.process.stderr.lines, "acra-connector");
    }, 60_000);

    test("has only codes that docs/events.md explains", () => {
      const codes = [...new Set([...lines, ...connectorLines].map(({ code }) => code))];
      expect(codes.filter((code) => !knownCodes.includes(code))).toEqual([]);
      expect(codes.sort((a, b) => a - b)).toEqual([100, 508, 535, 538, 581, 583]);
    });

    test("tells of each failure whom it concerns", () => {
      const failures = lines.filter(
        ({ level, code }) => level === "error" && ![508, 583].includes(code),
      );
      expect(failures.length).toBeGreaterThan(4);
      for (const { fields } of failures) {
        expect(fields.get("peer")).toMatch(/^127\.0\.0\.1:\d+$/);
        expect(fields.get("error")).toMatch(/^[\x20-\x7e]+$/);
      }
      const alarm = lines.find((line) => line.message === "Recognized poison record");
      expect(alarm?.fields.get("client_id")).toBe("test_client");
      expect(alarm?.fields.get("peer")).toMatch(/^127\.0\.0\.1:\d+$/);
    });

    test("keeps paths and names that hold line ends and separators in their fields", () => {
      const script = lines.find(({ message: text }) => text.includes("run script"));
      const shown =
        format === "json" ? HOSTILE_FOLDER : HOSTILE_FOLDER.replace(/[\p{Cc}\p{Zl}]/gu, " ").trim();
      expect(script?.message).toEndWith(`/${shown}`);
      expect(script?.level).toBe("warning");
      expect(lines.some(({ message: text }) => text.includes("un|known="))).toBe(true);
    });

    test("keeps what hostile peers sent out of the lines", () => {
      for (const { message: text, fields } of [...lines, ...connectorLines]) {
        expect(`${text} ${[...fields.values()].join(" ")}`).not.toContain("CEF:0|x|");
      }
    });
  });

  test(`a start that fails says so in ${format} only, with what to do`, async () => {
    const keys = await makeKeys();
    const folder = join(makeTemporaryFolder(), HOSTILE_FOLDER);
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
    const address = "tcp://$(printf '\\377|=\\n\\033[1m'):x";
    for (const place of [
      `--keys_dir='${folder}'`,
      `--incoming_connection_string="${address}"`,
      "--db_host=",
    ]) {
      const run = `exec "$@" --logging_format=${format} ${place}`;
      const { status, stderr } = await runProcess(
        ["sh", "-c", run, "sh", ...acraCommand(), "server", "--db_host=127.0.0.1"],
        { cwd: "/", env: { ACRA_MASTER_KEY: keys.masterKey } },
      );
      expect(status).toBe(1);
      const last = read(stderr.replace(/\n$/, "").split("\n"), "acra-server").at(-1);
      expect(last?.level).toBe("error");
      expect(last?.fields.get("hint")).toMatch(/^\w.{10,}/);
      expect(knownCodes).toContain(last?.code ?? 0);
    }
  });
}
