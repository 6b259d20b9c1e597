/** All mistakes in settings at once, and values that can be worked with all the same. */

import { expect, test } from "bun:test";
import { findSimilar } from "./find_setting.ts";
import { inspectSettings } from "./inspect.ts";
import { COMMON_SETTINGS, defineSettings } from "./setting.ts";

const TABLE = defineSettings([
  ...COMMON_SETTINGS,
  { name: "db_host", type: "string", default: "", help: "Host" },
  {
    name: "db_port",
    type: "integer",
    default: 5432,
    help: "Port",
    validate: (port) => (port > 0 ? null : "has to be a port"),
  },
  { name: "loud", type: "boolean", default: false, help: "Loud" },
  { name: "firewall", type: "string", default: "", help: "Rules", unavailable: "The firewall" },
]);

function inspect(fileText: string) {
  return inspectSettings({
    table: TABLE,
    service: "acra-test",
    flags: new Map(),
    home: undefined,
    fileText,
  });
}

test("good settings have no complaint", () => {
  const { settings, complaints } = inspect("db_host: example\ndb_port: 5433\nloud: yes\n");
  expect(complaints).toEqual([]);
  expect(settings.values).toMatchObject({ db_host: "example", db_port: 5433, loud: true });
  expect(settings.given("db_port")).toBe("config file");
});

test("every mistake is told, and the default holds in its place", () => {
  const { settings, complaints } = inspect(
    "db_hots: example\ndb_port: -1\nloud: perhaps\nfirewall: rules.yaml\n",
  );
  expect(complaints.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    'error: invalid boolean value "perhaps" for -loud: parse error',
    "error: --db_port: has to be a port",
    "error: --firewall=rules.yaml is not supported by this version yet: The firewall",
    'warning: configs/acra-test.yaml: unknown setting "db_hots"',
  ]);
  expect(complaints.map(({ hint }) => hint)).toEqual([
    "correct the value in configs/acra-test.yaml",
    "correct db_port in configs/acra-test.yaml; the default is 5432",
    "remove firewall from configs/acra-test.yaml",
    "it has no effect: perhaps db_host is meant",
  ]);
  expect(settings.values).toMatchObject({ db_port: 5432, loud: false, firewall: "" });
  expect(settings.given("db_port")).toBe("default");
});

test("a file that is no YAML is one complaint", () => {
  const { settings, complaints } = inspect("db_host: [\n");
  expect(complaints).toHaveLength(1);
  expect(complaints[0]).toMatchObject({ severity: "error" });
  expect(settings.values.db_port).toBe(5432);
});

test.each([
  ["db_hots", "db_host"],
  ["db-port", "db_port"],
  ["DB_PORT", "db_port"],
  ["lod", "loud"],
  ["something_else", null],
  ["x", null],
])("for %s the setting %p may be meant", (written, similar) => {
  expect(findSimilar(TABLE, written)).toBe(similar);
});
