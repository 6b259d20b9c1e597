/**
 * Compiles the one executable: `bun run build` makes `dist/acra` for this machine.
 *
 *   --target TARGET   for another platform, as Bun names it (bun-linux-arm64, bun-darwin-x64, …)
 *   --outfile FILE    another name than dist/acra
 *   --links DIR       also lays links named acra-server, acra-connector, … that point to it
 */

import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import { COMMANDS } from "../src/cli/mod.ts";
import { runScript, UsageError } from "./run_script.ts";

const ROOT = resolve(import.meta.dir, "..");

/** The first is the program; a worker is a further entry point. */
const ENTRY_POINTS = ["src/main.ts", "src/worker.ts"];

/**
 * The version of package.json and the commit: `0.82.0+1a2b3c4d5e6f`. The commit is that of the clone, or
 * the one that ACRA_COMMIT names, where there is none.
 */
export function readVersion(): string {
  const id = process.env["ACRA_COMMIT"] ?? readCommit();
  return id === "" ? packageJson.version : `${packageJson.version}+${id.slice(0, 12)}`;
}

function readCommit(): string {
  const commit = Bun.spawnSync(["git", "rev-parse", "--short=12", "HEAD"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return commit.success ? commit.stdout.toString().trim() : "";
}

/** For which platform to compile. */
export interface CompileOptions {
  /** As Bun names it; this machine's by default. */
  readonly target?: string | undefined;
  /** The runtime's executable for that target, where it shall not be downloaded. */
  readonly runtime?: string | undefined;
}

/**
 * Compiles the program into one executable.
 * @returns the files of this checkout that went into it, packages included.
 * @throws AggregateError when the sources cannot be bundled.
 */
export async function compile(
  outfile: string,
  { target, runtime }: CompileOptions,
): Promise<readonly string[]> {
  mkdirSync(dirname(outfile), { recursive: true });
  const { metafile } = await Bun.build({
    entrypoints: ENTRY_POINTS.map((path) => join(ROOT, path)),
    minify: true,
    sourcemap: "none",
    metafile: true,
    define: { ACRA_VERSION: JSON.stringify(readVersion()) },
    compile: {
      outfile,
      ...(target === undefined ? {} : { target: asTarget(target) }),
      ...(runtime === undefined ? {} : { executablePath: runtime }),
      // What lies in the folder it is started in must not change how the program runs.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  return Object.keys(metafile?.inputs ?? {});
}

function asTarget(name: string): Bun.Build.CompileTarget {
  if (!isTarget(name)) {
    throw new UsageError(`--target ${name}: such a name starts with bun-, as in bun-linux-arm64`);
  }
  return name;
}

function isTarget(name: string): name is Bun.Build.CompileTarget {
  return name.startsWith("bun-");
}

/** The original's executables that the program stands in for (multi-call). */
function layLinks(folder: string, outfile: string): void {
  mkdirSync(folder, { recursive: true });
  const names = COMMANDS.flatMap((entry) =>
    entry.kind === "command" && entry.executable !== undefined ? [entry.executable] : [],
  );
  for (const name of names) {
    const link = join(folder, name);
    rmSync(link, { force: true });
    symlinkSync(relative(folder, outfile), link);
  }
}

const USAGE = `bun scripts/build.ts [options]

Compiles the program into one executable.

  --outfile=FILE   in place of dist/acra
  --target=NAME    for another platform, as Bun names it: bun-linux-arm64
  --links=FOLDER   also lays links with the names of the original programs there`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      target: { type: "string" },
      outfile: { type: "string", default: join(ROOT, "dist", "acra") },
      links: { type: "string" },
    },
  });
  const outfile = resolve(values.outfile);
  await compile(outfile, { target: values.target });
  console.log(`built ${relative(process.cwd(), outfile)} ${readVersion()}`);
  if (values.links !== undefined) {
    layLinks(resolve(values.links), outfile);
  }
}

if (import.meta.main) {
  await runScript(USAGE, main);
}
