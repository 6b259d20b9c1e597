/** Fetches the runtimes of other platforms from the npm registry into .cache/runtimes, once. */

import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { type ReleaseTarget, RUNTIME_VERSION } from "./targets.ts";

const CACHE = resolve(import.meta.dir, "..", "..", ".cache", "runtimes");
const FETCH_TIMEOUT_MS = 300_000;

/**
 * The runtime's executable for a target.
 * @throws Error when it cannot be fetched, or is not what the target's integrity says.
 */
export async function fetchRuntime(target: ReleaseTarget): Promise<string> {
  const folder = join(CACHE, `${target.name}-${RUNTIME_VERSION}`);
  const executable = join(folder, basename(target.runtimePath));
  if (existsSync(executable)) {
    return executable;
  }
  mkdirSync(folder, { recursive: true });
  const staging = mkdtempSync(join(CACHE, "staging-"));
  try {
    const archive = await packArchive(target, staging);
    checkIntegrity(await Bun.file(archive).bytes(), target);
    await run(["tar", "-xzf", archive, "-C", staging, target.runtimePath]);
    renameSync(join(staging, target.runtimePath), executable);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return executable;
}

async function packArchive(target: ReleaseTarget, folder: string): Promise<string> {
  const name = `${target.runtimePackage}@${RUNTIME_VERSION}`;
  console.log(`fetching ${name} (once)`);
  const said = await run(["npm", "pack", "--silent", "--pack-destination", folder, name]);
  return join(folder, basename(said.trim().split("\n").at(-1) ?? ""));
}

/**
 * Compares an archive with what its target says.
 * @throws Error when they differ.
 */
export function checkIntegrity(
  archive: Uint8Array,
  { runtimePackage, integrity }: Pick<ReleaseTarget, "runtimePackage" | "integrity">,
): void {
  const found = `sha512-${new Bun.CryptoHasher("sha512").update(archive).digest("base64")}`;
  if (found !== integrity) {
    throw new Error(`${runtimePackage}@${RUNTIME_VERSION} is ${found}, but pinned is ${integrity}`);
  }
}

async function run(command: readonly string[]): Promise<string> {
  const child = Bun.spawn([...command], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: FETCH_TIMEOUT_MS,
  });
  const [text, status] = await Promise.all([child.stdout.text(), child.exited]);
  if (status !== 0) {
    throw new Error(`${command.join(" ")}: status ${status}`);
  }
  return text;
}
