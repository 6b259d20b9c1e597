/**
 * Holds the tree to the table in ARCHITECTURE.md. The table is written here once more, so that
 * neither a change of the page nor one of the code goes unnoticed.
 */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findFaults, type Layer, parseLayerTable } from "./architecture/rules.ts";

const ROOT = join(import.meta.dir, "..");

/** Folder → what it may import, from the bottom up; the first block lies below the pure line. */
const BELOW_THE_PURE_LINE: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  crypto: ["bytes", "@noble (portable/)", "node:crypto (native/)"],
  themis: ["bytes", "crypto"],
  acrastruct: ["bytes", "crypto", "themis"],
  poison: ["bytes", "crypto", "themis", "acrastruct"],
  zones: ["crypto", "themis (types)"],
  writer: ["bytes", "themis", "acrastruct"],
  "wire/postgres": ["bytes"],
};

const ABOVE_THE_PURE_LINE: Readonly<Record<string, readonly string[]>> = {
  log: [],
  metrics: ["prom-client", "node", "Bun"],
  files: ["node"],
  config: ["log", "files", "yaml", "node"],
  keystore: ["bytes", "crypto", "themis", "zones", "log", "files", "node"],
  transport: ["bytes", "crypto", "themis", "log", "node", "Bun"],
  admission: ["transport", "log", "metrics", "node"],
  pipeline: ["bytes", "wire/*", "acrastruct", "poison", "zones", "themis (types)"],
  proxy: ["transport", "pipeline", "log"],
  lookahead: ["acrastruct", "pipeline"],
  accounts: ["bytes", "crypto", "themis", "node"],
  systemd: ["node", "Bun"],
  workers: ["log", "metrics"],
  http_api: ["transport", "log"],
  db_client: ["postgres", "node"],
  rollback: [
    "bytes",
    "acrastruct",
    "wire/*",
    "keystore",
    "files",
    "db_client",
    "themis (types)",
    "node",
  ],
  rotate: ["crypto", "themis (types)", "acrastruct", "keystore", "files", "node"],
  server: ["all above"],
  connector: ["all above"],
  tls_check: ["transport", "wire/*", "bytes"],
  doctor: [
    "acrastruct",
    "themis (types)",
    "wire/*",
    "keystore",
    "transport",
    "admission",
    "metrics",
    "db_client",
    "node",
  ],
  cli: [
    "programs",
    "tls_check",
    "doctor",
    "db_client",
    "transport",
    "admission",
    "poison",
    "zones",
    "accounts",
    "keystore",
    "config",
    "metrics",
    "systemd",
    "workers",
    "lookahead",
    "log",
    "citty",
    "node",
  ],
  "main.ts": ["cli"],
  "worker.ts": ["cli"],
};

const LAYERS: readonly Layer[] = [
  ...toLayers(BELOW_THE_PURE_LINE, true),
  ...toLayers(ABOVE_THE_PURE_LINE, false),
];

function toLayers(table: Readonly<Record<string, readonly string[]>>, pure: boolean): Layer[] {
  return Object.entries(table).map(([folder, mayImport]) => ({ folder, pure, mayImport }));
}

function readSources(): Map<string, string> {
  const tree = new Map<string, string>();
  const root = join(ROOT, "src");
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    if (path.endsWith(".ts")) {
      tree.set(path.replaceAll("\\", "/"), readFileSync(join(root, path), "utf8"));
    }
  }
  return tree;
}

/** The faults of a small tree with the given files beside an honest `bytes`. */
function faultsOf(files: Readonly<Record<string, string>>): string[] {
  const bytes = "/** Reads. */\nexport class ByteReader {}\n";
  return findFaults(new Map(Object.entries({ "bytes/mod.ts": bytes, ...files })), LAYERS);
}

test("the source tree obeys the import table", () => {
  const tree = readSources();
  expect(tree.size).toBeGreaterThan(20);
  expect(findFaults(tree, LAYERS)).toEqual([]);
});

test("the table in ARCHITECTURE.md is the one that is enforced", () => {
  const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  expect(parseLayerTable(page)).toEqual([...LAYERS]);
});

test("every folder of the table exists, so that no row outlives its code", () => {
  const paths = [...readSources().keys()];
  const missing = LAYERS.filter(
    ({ folder }) => !paths.some((path) => path === folder || path.startsWith(`${folder}/`)),
  );
  expect(missing.map(({ folder }) => folder)).toEqual([]);
});

test("the rules accept an honest tree", () => {
  expect(
    faultsOf({
      "crypto/contract.ts":
        "export interface Primitives {\n  /** Draws. */\n  randomBytes(n: number): void;\n}",
      "crypto/mod.ts": 'export { randomBytes } from "#primitives";',
      "crypto/portable/mod.ts": 'import { gcm } from "@noble/ciphers/aes.js";',
      "crypto/native/mod.ts": 'import { createECDH } from "node:crypto";\nBuffer.from("");',
      "themis/mod.ts": 'export { sealCell as seal } from "./cell.ts";',
      "themis/cell.ts":
        'import { randomBytes } from "../crypto/mod.ts";\n/** Seals. */\nexport function sealCell() {}',
      "themis/cell_test.ts": 'import { readFileSync } from "node:fs";\nprocess.exit();',
      "pipeline/row.ts": 'import type { PrivateKey } from "../themis/mod.ts";\nDate.now();',
    }),
  ).toEqual([]);
});

test("the rules report an import that the table does not allow", () => {
  expect(faultsOf({ "bytes/a.ts": 'import { kdf } from "../themis/mod.ts";' })).toEqual([
    "bytes/a.ts: bytes may not import themis",
  ]);
  expect(faultsOf({ "log/a.ts": 'import { gcm } from "@noble/ciphers/aes.js";' })).toEqual([
    "log/a.ts: log may not import @noble/ciphers/aes.js",
  ]);
});

test("the rules report type-only, multi-line, inline and bare imports too", () => {
  const themis = { "themis/mod.ts": "" };
  const fault = ["bytes/a.ts: bytes may not import themis"];
  const path = '"../themis/mod.ts"';
  for (const text of [
    `import type { Kdf } from ${path};`,
    `import { type Kdf } from ${path};`,
    `import {\n  a,\n  b,\n} from ${path};`,
    `export { a } from ${path};`,
    `import ${path};`,
    `type Kdf = import(${path}).Kdf;`,
    `const themis = await import(${path});`,
  ]) {
    expect({ text, faults: faultsOf({ ...themis, "bytes/a.ts": text }) }).toEqual({
      text,
      faults: fault,
    });
  }
});

test("the rules report a folder allowed for types that is used at run time", () => {
  expect(faultsOf({ "pipeline/a.ts": 'import { openCell } from "../themis/mod.ts";' })).toEqual([
    "pipeline/a.ts: pipeline may not import themis",
  ]);
});

test("the rules report a side door", () => {
  expect(faultsOf({ "themis/a.ts": 'import { u8 } from "../bytes/byte_reader.ts";' })).toEqual([
    "themis/a.ts: bytes/byte_reader.ts is a side door; the door is bytes/mod.ts",
  ]);
  expect(faultsOf({ "themis/a_test.ts": 'import { u8 } from "../bytes/_x.ts";' })).toEqual([
    "themis/a_test.ts: bytes/_x.ts is a side door; the door is bytes/mod.ts",
  ]);
});

test("the rules report #primitives outside crypto and packages in the wrong half of it", () => {
  expect(faultsOf({ "themis/a.ts": 'import { hmacSha256 } from "#primitives";' })).toEqual([
    "themis/a.ts: only crypto imports #primitives",
  ]);
  expect(faultsOf({ "crypto/portable/a.ts": 'import { createHmac } from "node:crypto";' })).toEqual(
    ["crypto/portable/a.ts: crypto may not import node:crypto"],
  );
});

test("the rules report the runtime below the pure line, and only real uses of it", () => {
  const text = [
    'import { readFileSync } from "node:fs";',
    "const a = Buffer.alloc(1) ?? Date.now() ?? Math.random();",
    ["const b = `$", "{Bun.version}`;"].join(""),
    'const quoted = "process.exit" + /console/.source; // setTimeout',
    "const own = { Date: 1 }; own.Date; this.process(a);",
  ].join("\n");
  expect(faultsOf({ "themis/a.ts": text })).toEqual([
    "themis/a.ts: themis may not import node:fs",
    "themis/a.ts: Buffer below the pure line",
    "themis/a.ts: Date below the pure line",
    "themis/a.ts: Bun below the pure line",
    "themis/a.ts: Math.random below the pure line",
  ]);
});

test("the rules report unknown folders and imports from outside the sources", () => {
  expect(faultsOf({ "sideways/mod.ts": "" })).toEqual([
    "sideways/mod.ts: its folder is not in the table",
  ]);
  expect(faultsOf({ "log/a.ts": 'import { x } from "../../test/x.ts";' })).toEqual([
    "log/a.ts: ../test/x.ts lies outside src",
  ]);
});

test("the rules report a door whose exports are not described", () => {
  expect(
    faultsOf({
      "log/mod.ts": 'export { open } from "./open.ts";\nexport * from "./all.ts";',
      "log/open.ts": "/** What this file is. */\n\nexport function open() {}",
    }),
  ).toEqual([
    "log/mod.ts: exports everything of a module; a door names what it offers",
    "log/mod.ts: the export open has no doc comment",
  ]);
});
