import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatDump, writeDump } from "./dump.ts";
import { checkSettings, type ResolvedSettings, resolveSettings } from "./resolve.ts";
import { COMMON_SETTINGS, defineSettings } from "./setting.ts";
import { formatYamlScalar, parseYamlSettings } from "./yaml_text.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "acra-config-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const TABLE = defineSettings([
  ...COMMON_SETTINGS,
  { name: "db_host", type: "string", default: "", help: "Host" },
  {
    name: "db_port",
    type: "integer",
    default: 5432,
    help: "Port",
    validate: (value) => (value > 0 ? null : "has to be a port"),
  },
  { name: "keys_dir", type: "string", default: ".acrakeys", help: "Keys", isPath: true },
  { name: "address", type: "string", default: "", help: "Address", aliases: ["new_address"] },
  { name: "zones", type: "boolean", default: false, help: "Zones", unavailable: "Zones" },
  { name: "tls_ca", type: "string", default: "", help: "CA" },
]);

function resolve(
  yaml: string | null,
  flags: Record<string, string> = {},
): ResolvedSettings<typeof TABLE> {
  const path = join(FOLDER, "config.yaml");
  rmSync(path, { force: true });
  if (yaml !== null) {
    writeFileSync(path, yaml);
  }
  return resolveSettings({
    table: TABLE,
    service: "acra-test",
    flags: new Map(Object.entries({ config_file: path, ...flags })),
    home: "/home/somebody",
  });
}

function readAs(yaml: string): string | null | undefined {
  return parseYamlSettings(`key: ${yaml}\n`).get("key");
}

test("plain scalars are read as YAML 1.1", () => {
  for (const word of ["y", "Y", "yes", "Yes", "YES", "on", "On", "true", "True", "TRUE"]) {
    expect([word, readAs(word)]).toEqual([word, "true"]);
  }
  for (const word of ["n", "no", "NO", "off", "Off", "false", "FALSE"]) {
    expect([word, readAs(word)]).toEqual([word, "false"]);
  }
  for (const [yaml, text] of [
    ["0x10", "16"],
    ["010", "8"],
    ["1_000", "1000"],
    ["1.10", "1.1"],
    ["-5", "-5"],
    ["99999999999999999999999", "1e+23"],
    ["1000000.0", "1e+06"],
    ["2018-08-30", "2018-08-30"],
    ["12:30:00", "12:30:00"],
    ["0.0.0.0", "0.0.0.0"],
    ["E12345", "E12345"],
    ['"yes"', "yes"],
    ["'010'", "010"],
    ["tcp://0.0.0.0:9393/", "tcp://0.0.0.0:9393/"],
    ["[1, yes]", "[1 true]"],
  ] as const) {
    expect([yaml, readAs(yaml)]).toEqual([yaml, text]);
  }
  for (const nothing of ["", "~", "null"]) {
    expect(readAs(nothing)).toBeNull();
  }
});

test("a later key wins and an empty file says nothing", () => {
  expect(parseYamlSettings("a: 1\na: 2\n").get("a")).toBe("2");
  expect(parseYamlSettings("").size + parseYamlSettings("# only\n").size).toBe(0);
});

test("a text that would be misread is quoted", () => {
  for (const text of ["yes", "a: b", "x # y", "~", " a", "010", "1.10", "a\nb", "null", "@x"]) {
    expect(formatYamlScalar(text)).toStartWith('"');
    expect(readAs(formatYamlScalar(text))).toBe(text);
  }
  expect(formatYamlScalar("tcp://0.0.0.0:9393/")).toBe("tcp://0.0.0.0:9393/");
});

test("the command line wins over the file and the file over the default", () => {
  const settings = resolve("db_host: file\ndb_port: 0x10\n", { db_host: "flag" });
  expect(settings.values).toMatchObject({ db_host: "flag", db_port: 16, keys_dir: ".acrakeys" });
  expect(["db_host", "db_port", "keys_dir"].map(settings.given)).toEqual([
    "command line",
    "config file",
    "default",
  ]);
});

test("a file that is not there is a warning at most", () => {
  const settings = resolve(null);
  expect(settings.values.db_port).toBe(5432);
  expect(settings.notes.map(({ level }) => level)).toEqual(["warning"]);
});

test("a file of the wrong kind is a ConfigError with code 508", () => {
  for (const yaml of ["a: [", "- 1\n", "words"]) {
    expect(() => resolve(yaml)).toThrow(
      expect.objectContaining({ name: "ConfigError", code: 508 }),
    );
  }
  const folder = join(FOLDER, "folder");
  mkdirSync(folder, { recursive: true });
  expect(() => resolve(null, { config_file: folder })).toThrow("EISDIR");
});

test("a value of the wrong type in the file is a mistake as on the command line", () => {
  expect(() => resolve("db_port: 1.5\n")).toThrow(
    expect.objectContaining({
      name: "FlagError",
      message: 'invalid value "1.5" for flag -db_port: parse error',
    }),
  );
});

test("the file may use hyphens, newer names and a version; unknown keys are warned of", () => {
  const settings = resolve(
    "version: 0.85.0\ndb-host: a\naddress: old\nnew_address: new\ndb_hots: b\n",
  );
  expect(settings.values).toMatchObject({ db_host: "a", address: "new" });
  const warnings = settings.notes.filter(({ level }) => level === "warning");
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringContaining('unknown setting "db_hots"'),
  ]);
  expect(resolve("version: 7\n").notes.at(-1)?.message).toContain("not of the form");
  expect(resolve("version: 1.0.0\n").notes.at(-1)?.message).toContain("newer");
});

test("a path below the home folder is expanded, other texts are not", () => {
  const { values } = resolve(null, { keys_dir: "~/k", db_host: "~/k" });
  expect(values).toMatchObject({ keys_dir: "/home/somebody/k", db_host: "~/k" });
});

test("a value out of range names the flag or the file", () => {
  const check = (yaml: string | null, flags = {}) => checkSettings(TABLE, resolve(yaml, flags));
  expect(() => check(null, { db_port: "0" })).toThrow("--db_port: has to be a port");
  expect(() => check("db_port: 0\n")).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("config.yaml") }),
  );
});

test("a feature of a later version is refused, its default is not", () => {
  checkSettings(TABLE, resolve("zones: off\n"));
  expect(() => checkSettings(TABLE, resolve("zones: on\n"))).toThrow(
    "--zones=true is not supported by this version yet",
  );
});

test("a dump has three lines for each setting in byte order", () => {
  expect(formatDump(COMMON_SETTINGS)).toBe(
    "# Configuration file to read in place of configs/<service>.yaml\nconfig_file: \n\n" +
      "# Write a configuration file with all defaults and exit\ndump_config: false\n\n",
  );
});

test("a dump can be read and changes nothing", () => {
  const dump = formatDump(TABLE);
  const { values, notes } = resolve(dump.replace("dump_config: false", ""));
  expect(values).toEqual({ ...resolve(null).values });
  expect(notes.filter(({ level }) => level === "warning")).toEqual([]);
});

test("a dump makes the folders above it and replaces the file", () => {
  const path = join(FOLDER, "new", "deep", "acra.yaml");
  writeDump(path, "long text\n");
  writeDump(path, "a\n");
  expect(readFileSync(path, "utf8")).toBe("a\n");
  expect(statSync(path).mode & 0o777).toBe(0o644);
});
