/**
 * The package that `scripts/build_writer.ts` makes, used as its users do: in a context that has
 * nothing but what browsers have, in a real browser where there is one, under Node and Bun, and by
 * a TypeScript project. What it makes is opened by this project and by the reference library.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import { buildWriter, findNodeCode } from "../scripts/build_writer.ts";
import { openAcraStruct } from "../src/acrastruct/mod.ts";
import { decodePrivateKey, generateKeyPair } from "../src/themis/mod.ts";
import { findBrowser, missingBrowser } from "./harness/browser.ts";
import { runProcess } from "./harness/process.ts";
import { missingProgram, testUnless } from "./harness/skip.ts";
import { loadWasmThemis } from "./wasm_themis.ts";

const SAMPLES = [
  { data: "x", context: null },
  { data: "Grüße, 世界 — 4929 1273 4096 1111", context: null },
  { data: "with a context", context: "DDDDDDDDabcdefghijklmnop" },
  { data: "0123456789".repeat(5000), context: "" },
] as const;

const keys = generateKeyPair();
const scratch = mkdtempSync(join(tmpdir(), "acra-writer-"));
const packed = join(scratch, "node_modules/acra-writer");

beforeAll(async () => {
  await buildWriter(packed);
});

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/** Opens with this project's code, strictly. */
function open(acraStruct: Uint8Array, context: string | null): string {
  const key = decodePrivateKey(keys.privateKey);
  return new TextDecoder().decode(openAcraStruct(acraStruct, key, toBytes(context)));
}

/** Opens part by part with the reference library: docs/formats/acrastruct.md §1. */
async function openByReference(acraStruct: Uint8Array, context: string | null): Promise<string> {
  const themis = await loadWasmThemis();
  const pair = new themis.KeyPair(
    new themis.PrivateKey(keys.privateKey),
    new themis.PublicKey(acraStruct.slice(8, 53)),
  );
  const dataKey = new themis.SecureMessage(pair).decrypt(acraStruct.slice(53, 137));
  const cell = themis.SecureCellSeal.withKey(dataKey);
  const sealed = acraStruct.slice(145);
  expect(new DataView(acraStruct.buffer, acraStruct.byteOffset).getBigUint64(137, true)).toBe(
    BigInt(sealed.length),
  );
  const bytes = context ? cell.decrypt(sealed, toBytes(context)) : cell.decrypt(sealed);
  return new TextDecoder().decode(bytes);
}

function toBytes(text: string | null): Uint8Array {
  return new TextEncoder().encode(text ?? "");
}

async function expectReadable(hexStructs: readonly string[]): Promise<void> {
  expect(hexStructs).toHaveLength(SAMPLES.length);
  for (const [i, { data, context }] of SAMPLES.entries()) {
    const acraStruct = Uint8Array.fromHex(hexStructs[i] ?? "");
    expect(acraStruct.length).toBe(189 + toBytes(data).length);
    expect(open(acraStruct, context)).toBe(data);
    expect(await openByReference(acraStruct, context)).toBe(data);
  }
}

/** What the guest runs: text, so that it fits every kind of guest; `writer` is in scope. */
const GUEST = `(() => {
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const key = new Uint8Array(${JSON.stringify([...keys.publicKey])});
  return JSON.stringify(${JSON.stringify(SAMPLES)}.map(({ data, context }) =>
    hex(writer.createAcrastruct(data, key, context))));
})()`;

describe("the bundle for browsers", () => {
  test("the bundle for browsers holds no code that only Node or Bun has", () => {
    expect(findNodeCode(readFileSync(join(packed, "browser.js"), "utf8"))).toEqual([]);
  });

  test("the check for Node code finds each kind, and only that", () => {
    expect(findNodeCode('import a from "node:crypto";')).toContain("node: import");
    expect(findNodeCode('import{a}from"@noble/curves";')).toEqual(["import of a package"]);
    expect(findNodeCode('x=require("y")')).toEqual(["require"]);
    expect(findNodeCode('Buffer.from("x")')).toEqual(["Buffer"]);
    expect(findNodeCode("globalThis.Buffer")).toEqual(["Buffer"]);
    expect(findNodeCode("typeof process<'u'")).toEqual(["process"]);
    expect(findNodeCode("Bun.version")).toEqual(["Bun"]);
    expect(findNodeCode("new ArrayBuffer(1);hash.process(v);class H{process(v){}}")).toEqual([]);
  });

  test("the bundle makes AcraStructs where there is nothing but what browsers have", async () => {
    const source = readFileSync(join(packed, "browser.js"), "utf8");
    const exported = /export\s*\{([^}]*)\};?\s*$/;
    expect(source).toMatch(exported);
    const script = source.replace(
      exported,
      (_, names: string) =>
        `;globalThis.writer={${names.replaceAll(/([\w$]+) as ([\w$]+)/g, "$2:$1")}};`,
    );
    const context = vm.createContext({ crypto: globalThis.crypto, TextEncoder });
    expect(vm.runInContext("[typeof Bun, typeof process, typeof Buffer].join()", context)).toBe(
      "undefined,undefined,undefined",
    );
    vm.runInContext(script, context);
    expect(vm.runInContext("Object.keys(writer).sort().join()", context)).toBe(
      "WriterError,createAcrastruct,create_acra_struct,create_acrastruct",
    );
    await expectReadable(JSON.parse(vm.runInContext(GUEST, context)));
  });

  testUnless(missingBrowser(), "the bundle makes AcraStructs in a real browser", async () => {
    const page = `<!doctype html><meta charset="utf-8"><pre id="result"></pre><script type="module">
      import * as writer from "./browser.js";
      document.getElementById("result").textContent = ${GUEST};
    </script>`;
    const server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: ({ url }) =>
        new URL(url).pathname === "/browser.js"
          ? new Response(Bun.file(join(packed, "browser.js")))
          : new Response(page, { headers: { "content-type": "text/html" } }),
    });
    try {
      const dom = await dumpDom(server.url.href);
      const result = dom.match(/<pre id="result">(\[.*?\])<\/pre>/)?.[1];
      expect(result, dom).toBeDefined();
      await expectReadable(JSON.parse(result ?? "[]"));
    } finally {
      await server.stop(true);
    }
  });
});

describe("the package", () => {
  test("the package makes AcraStructs under Bun", async () => {
    await expectReadable(await runUnder(process.execPath));
  });

  testUnless(missingProgram("node"), "the package makes AcraStructs under Node", async () => {
    await expectReadable(await runUnder("node"));
  });

  test.each([
    ["bundler", "Preserve"],
    ["nodenext", "nodenext"],
  ])(
    "the package's declarations satisfy a project with %s resolution",
    async (resolution, module) => {
      const project = join(scratch, `typed_${resolution}`);
      mkdirSync(project);
      cpSync(packed, join(project, "node_modules/acra-writer"), { recursive: true });
      writeFileSync(join(project, "package.json"), '{"type":"module"}');
      writeFileSync(
        join(project, "use.ts"),
        [
          'import { createAcrastruct, create_acra_struct, WriterError } from "acra-writer";',
          "export const made: Uint8Array = createAcrastruct('a', new Uint8Array(45), null);",
          "export const same: typeof createAcrastruct = create_acra_struct;",
          "export const code = (e: WriterError): 'EMPTY_DATA' | 'WRONG_PUBLIC_KEY' => e.code;",
          "// @ts-expect-error a number is no data",
          "createAcrastruct(1, new Uint8Array(45));",
        ].join("\n"),
      );
      const compiler = join(import.meta.dir, "../node_modules/typescript/bin/tsc");
      const options = ["--strict", "--noEmit", "--types", "", "--lib", "ESNext"];
      const child = Bun.spawn(
        [
          process.execPath,
          compiler,
          "use.ts",
          ...options,
          "--module",
          module,
          "--moduleResolution",
          resolution,
        ],
        { cwd: project, stdout: "pipe" },
      );
      expect(await new Response(child.stdout).text()).toBe("");
      expect(await child.exited).toBe(0);
    },
  );
});

async function runUnder(runtime: string): Promise<string[]> {
  const file = join(scratch, "guest.mjs");
  writeFileSync(file, `import * as writer from "acra-writer";\nconsole.log(${GUEST});\n`);
  const { status, stdout, stderr } = await runProcess([runtime, file], { cwd: scratch });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout);
}

async function dumpDom(url: string): Promise<string> {
  const command = [
    ...[
      findBrowser() ?? "",
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-dev-shm-usage",
    ],
    ...["--no-first-run", `--user-data-dir=${join(scratch, "browser")}`],
    ...["--virtual-time-budget=20000", "--dump-dom", url],
  ];
  const { stdout } = await runProcess(command, { timeoutMs: 45_000 });
  return stdout;
}
