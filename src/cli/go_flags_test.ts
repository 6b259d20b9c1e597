import { describe, expect, test } from "bun:test";
import { defineSettings } from "../config/mod.ts";
import { parseFlags } from "./go_flags.ts";

const TABLE = defineSettings([
  { name: "db_host", type: "string", default: "", help: "Host", aliases: ["database_host"] },
  { name: "db_port", type: "integer", default: 5432, help: "Port" },
  { name: "v", type: "boolean", default: false, help: "Talk" },
  { name: "zonemode_enable", type: "boolean", default: false, help: "Zones" },
]);

function valuesOf(...args: string[]): Record<string, string> {
  return Object.fromEntries(parseFlags(args, TABLE).values);
}

function complaintOf(...args: string[]): string {
  try {
    parseFlags(args, TABLE);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : "";
  }
  return "accepted";
}

test("one dash and two mean the same, with and without an equals sign", () => {
  for (const args of [["-db_host=x"], ["--db_host=x"], ["-db_host", "x"], ["--db_host", "x"]]) {
    expect(valuesOf(...args)).toEqual({ db_host: "x" });
  }
});

test("hyphens and underscores in names are equal, letters are not folded", () => {
  expect(valuesOf("--db-host=x", "--zonemode-enable")).toEqual({
    db_host: "x",
    zonemode_enable: "true",
  });
  expect(complaintOf("--DB_HOST=x")).toBe("FlagError: flag provided but not defined: -DB_HOST");
});

test("a value may be empty, hold equals signs, or look like a flag", () => {
  expect(valuesOf("--db_host=a=b=")).toEqual({ db_host: "a=b=" });
  expect(valuesOf("--db_host=")).toEqual({ db_host: "" });
  expect(valuesOf("--db_host", "--v", "-db_port", "-1")).toEqual({ db_host: "--v", db_port: "-1" });
});

test("a boolean never takes the next argument, and what stands there ends the flags", () => {
  const flags = parseFlags(["--v", "false", "--db_host=x"], TABLE);
  expect([...flags.values]).toEqual([["v", "true"]]);
  expect(flags.ignored).toEqual(["false", "--db_host=x"]);
});

test("a lone dash and two dashes end the flags; the latter is dropped", () => {
  expect(parseFlags(["-", "-v"], TABLE)).toMatchObject({ ignored: ["-", "-v"] });
  expect(parseFlags(["--", "-v"], TABLE)).toMatchObject({ ignored: ["-v"] });
  expect(parseFlags(["", "-v"], TABLE)).toMatchObject({ ignored: ["", "-v"] });
});

test("booleans have the spellings of Go", () => {
  for (const text of [
    "1",
    "t",
    "T",
    "TRUE",
    "true",
    "True",
    "0",
    "f",
    "F",
    "FALSE",
    "false",
    "False",
  ]) {
    expect(valuesOf(`--v=${text}`)).toEqual({ v: text });
  }
  expect(complaintOf("--v=yes")).toBe('FlagError: invalid boolean value "yes" for -v: parse error');
  expect(complaintOf("--v=")).toBe('FlagError: invalid boolean value "" for -v: parse error');
  expect(complaintOf("--v=tRUE")).toContain("parse error");
});

test("integers have the forms of Go", () => {
  for (const text of [
    "-5",
    "+5",
    "0",
    "0x1F",
    "017",
    "0o17",
    "0b11",
    "1_000",
    "0x_f",
    "-0X1",
    "0_7",
  ]) {
    expect(complaintOf(`--db_port=${text}`)).toBe("accepted");
  }
  for (const text of [
    "",
    "abc",
    "1.5",
    "08",
    "0x",
    "_1",
    "1_",
    "1__0",
    "1e3",
    " 1",
    "--1",
    "0b2",
  ]) {
    expect(complaintOf(`--db_port=${text}`)).toBe(
      `FlagError: invalid value "${text}" for flag -db_port: parse error`,
    );
  }
  expect(complaintOf("--db_port=9223372036854775807")).toBe("accepted");
  expect(complaintOf("--db_port=9223372036854775808")).toBe(
    'FlagError: invalid value "9223372036854775808" for flag -db_port: value out of range',
  );
  expect(complaintOf("--db_port=-9223372036854775809")).toContain("value out of range");
});

test("mistakes have the sentences of the original", () => {
  expect(complaintOf("--nope=1")).toBe("FlagError: flag provided but not defined: -nope");
  expect(complaintOf("-dv")).toBe("FlagError: flag provided but not defined: -dv");
  expect(complaintOf("---v")).toBe("FlagError: bad flag syntax: ---v");
  expect(complaintOf("--=x")).toBe("FlagError: bad flag syntax: --=x");
  expect(complaintOf("-=x")).toBe("FlagError: bad flag syntax: -=x");
  expect(complaintOf("--db_host")).toBe("FlagError: flag needs an argument: -db_host");
  expect(complaintOf('--db_port="\n')).toContain('invalid value "\\"\\n" for flag');
});

test("of a flag given twice the last wins, of an alias and the old name the alias", () => {
  expect(valuesOf("--db_host=a", "--db_host=b")).toEqual({ db_host: "b" });
  expect(valuesOf("--database_host=new", "--db_host=old")).toEqual({ db_host: "new" });
  expect(valuesOf("--db_host=old", "--database-host=new")).toEqual({ db_host: "new" });
});

test("help stops the reading", () => {
  for (const word of ["-h", "--h", "-help", "--help"]) {
    expect(parseFlags(["-v", word, "--nope"], TABLE).help).toBe(true);
  }
});

describe("a command that takes operands", () => {
  const FOLDER = { usage: "FOLDER", minimum: 1, maximum: 1 };

  test.each([
    [["keys", "--db_port=1", "-v"]],
    [["--db_port=1", "keys", "-v"]],
    [["-v", "--db_port", "1", "keys"]],
    [["-v", "--db_port", "1", "--", "keys"]],
  ])("finds them wherever they stand: %j", (args) => {
    const { operands, ignored, values } = parseFlags(args, TABLE, FOLDER);
    expect({ operands, ignored, flags: [...values.keys()].toSorted() }).toEqual({
      operands: ["keys"],
      ignored: [],
      flags: ["db_port", "v"],
    });
  });

  test("takes everything behind two dashes as it is", () => {
    expect(parseFlags(["--", "-v"], TABLE, FOLDER).operands).toEqual(["-v"]);
  });

  test("says what is missing or too much", () => {
    expect(() => parseFlags(["-v"], TABLE, FOLDER)).toThrow("argument missing: FOLDER");
    expect(() => parseFlags(["a", "b", "c"], TABLE, FOLDER)).toThrow("too many arguments: b c");
    expect(parseFlags(["-v", "--help"], TABLE, FOLDER).help).toBe(true);
  });
});
