#!/usr/bin/env bun
/**
 * Packs the writer for npm into `dist/writer/`: one bundle for browsers with everything in it, one
 * for Node and Bun that uses the runtime's own cryptography, and type declarations. Refuses to
 * finish when code that only Node or Bun has slipped into the browser's bundle.
 *
 *     bun scripts/build_writer.ts [FOLDER]
 */

import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import project from "../package.json";
import { clearOutputFolder } from "./output_folder.ts";
import { readFolder, runScript } from "./run_script.ts";

const ROOT = resolve(import.meta.dir, "..");
const BROWSER_BUNDLE = "browser.js";
const ENTRY = join(ROOT, "src/writer/mod.ts");

/** What no browser has. Methods such as `hash.process(…)` are not the global of that name. */
const NODE_CODE: Readonly<Record<string, RegExp>> = {
  "node: import": /["'`]node:/,
  "import of a package": /\bfrom\s*["'][^./"']|\bimport\s*\(?\s*["'][^./"']/,
  require: /(?<![\w$.])require\s*\(/,
  Buffer: /(?<![\w$.])Buffer\b|\b(?:globalThis|window|self)\.Buffer\b/,
  Bun: /(?<![\w$.])Bun\s*\.|\b(?:globalThis|window|self)\.Bun\b/,
  process: /(?<![\w$.])process\b(?!\s*\()|\b(?:globalThis|window|self)\.process\b/,
  __dirname: /\b__(?:dirname|filename)\b/,
};

/** Names what a bundle holds that a browser does not have; empty when it is fit for browsers. */
export function findNodeCode(bundle: string): string[] {
  return Object.entries(NODE_CODE)
    .filter(([, pattern]) => pattern.test(bundle))
    .map(([name]) => name);
}

/** Builds the package into `folder`, which is emptied first. @throws UsageError when others' things are in it */
export async function buildWriter(folder: string): Promise<void> {
  clearOutputFolder(folder, BROWSER_BUNDLE);
  await bundle("browser", join(folder, BROWSER_BUNDLE));
  await bundle("node", join(folder, "node.js"));
  const faults = findNodeCode(await readFile(join(folder, BROWSER_BUNDLE), "utf8"));
  if (faults.length > 0) {
    throw new Error(`The bundle for browsers holds code that no browser has: ${faults.join(", ")}`);
  }
  await writeDeclarations(join(folder, "types"));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(describe(), null, 2)}\n`);
  await writeFile(join(folder, "README.md"), README);
  await copyFile(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
}

async function bundle(target: "browser" | "node", file: string): Promise<void> {
  const result = await Bun.build({
    entrypoints: [ENTRY],
    root: ROOT,
    target,
    format: "esm",
    conditions: target === "browser" ? ["portable"] : [],
    minify: { whitespace: true, syntax: true, identifiers: false },
  });
  const [output] = result.outputs;
  if (output === undefined) {
    throw new Error(`Nothing was built for ${target}`);
  }
  await writeFile(file, await output.text());
}

/** The writer's own declarations only; they must not need those of the folders below. */
async function writeDeclarations(folder: string): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "acra-writer-types-"));
  try {
    await compileDeclarations(scratch);
    await mkdir(folder, { recursive: true });
    const source = join(scratch, "writer");
    for (const name of (await readdir(source)).filter((file) => file.endsWith(".d.ts"))) {
      const text = await readFile(join(source, name), "utf8");
      if (/from\s*["'](?!\.\/)/.test(text)) {
        throw new Error(`${name} shows types of another folder`);
      }
      await writeFile(join(folder, name), text.replaceAll(/(from "\.\/[^"]*)\.ts"/g, '$1.js"'));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function compileDeclarations(outDir: string): Promise<void> {
  const compiler = Bun.spawn(
    [
      process.execPath,
      join(ROOT, "node_modules/typescript/bin/tsc"),
      ...["-p", join(ROOT, "src/writer"), "--rootDir", join(ROOT, "src"), "--outDir", outDir],
      ...["--noEmit", "false", "--declaration", "--emitDeclarationOnly"],
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const [report, code] = await Promise.all([new Response(compiler.stdout).text(), compiler.exited]);
  if (code !== 0) {
    throw new Error(`The declarations could not be made:\n${report}`);
  }
}

function describe(): Record<string, unknown> {
  return {
    name: "acra-writer",
    version: project.version,
    description: "Makes AcraStructs: values that only the holder of the storage key can read",
    license: project.license,
    type: "module",
    sideEffects: false,
    main: "./node.js",
    types: "./types/mod.d.ts",
    exports: {
      ".": {
        types: "./types/mod.d.ts",
        bun: "./node.js",
        node: "./node.js",
        default: "./browser.js",
      },
      "./package.json": "./package.json",
    },
    engines: { node: ">=20" },
    files: ["browser.js", "node.js", "types"],
  };
}

const README = `# acra-writer

Protects values before they are written to a database. Only the holder of the private storage key
can read them again: \`acra server\`, which sits between your application and its database.

\`\`\`ts
import { createAcrastruct } from "acra-writer";

// publicKey: the 45 bytes of CLIENT_storage.pub
const acraStruct = createAcrastruct("4929 1273 4096 1111", publicKey);
await sql\`INSERT INTO cards (number) VALUES (\${acraStruct})\`;
\`\`\`

\`createAcrastruct(data, publicKey, context?)\` takes bytes or text (as UTF-8) and answers bytes, 189
more than it was given. \`create_acrastruct\` and \`create_acra_struct\` are the same function under
the names that other writers use.

It throws a \`WriterError\` whose \`code\` is \`EMPTY_DATA\` or \`WRONG_PUBLIC_KEY\`.

The package has no dependencies. In browsers and workers the cryptography is JavaScript (about two
milliseconds a value); Node and Bun use their own.
`;

const USAGE = `bun scripts/build_writer.ts [FOLDER]

Packs the writer for npm, into dist/writer when no folder is named.`;

async function main(): Promise<void> {
  const folder = resolve(readFolder(join(ROOT, "dist/writer")));
  await buildWriter(folder);
  console.log(`The writer is in ${folder}`);
}

if (import.meta.main) {
  await runScript(USAGE, main);
}
