/** The npm packages that a compiled executable holds, with their licences. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..", "..");
const IN_PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//g;
const LICENCE_FILE = /^(licen[cs]e|notice|copying)(\.(md|txt))?$/i;

/** A package as it was bundled. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As bun.lock has it: `sha512-…` in base64. */
  readonly integrity: string;
  /** An SPDX identifier. */
  readonly license: string;
  /** The texts of its licence and notice files. */
  readonly licenseTexts: readonly string[];
}

/**
 * Finds the packages among the files that went into an executable.
 * @throws Error when one is not in bun.lock, or in another version.
 */
export function findBundledPackages(inputs: readonly string[]): readonly BundledPackage[] {
  const lock = readFileSync(join(ROOT, "bun.lock"), "utf8");
  const names = new Set(inputs.flatMap((path) => [...path.matchAll(IN_PACKAGE)].at(-1)?.[1] ?? []));
  return [...names].sort().map((name) => readPackage(name, lock));
}

function readPackage(name: string, lock: string): BundledPackage {
  const folder = join(ROOT, "node_modules", name);
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const { version, license } = manifest as { version: string; license: string };
  return {
    name,
    version,
    integrity: findIntegrity(lock, name, version),
    license,
    licenseTexts: readdirSync(folder)
      .filter((file) => LICENCE_FILE.test(file))
      .sort()
      .map((file) => readFileSync(join(folder, file), "utf8")),
  };
}

/** One line of the lock file for each package: `"NAME": ["NAME@VERSION", …, "sha512-…"],`. */
function findIntegrity(lock: string, name: string, version: string): string {
  const line = lock.split("\n").find((one) => one.includes(`["${name}@${version}"`)) ?? "";
  const integrity = /"(sha512-[A-Za-z0-9+/=]+)"\],?$/.exec(line)?.[1];
  if (integrity === undefined) {
    throw new Error(`bun.lock has no integrity of ${name}@${version}: run bun install`);
  }
  return integrity;
}

/** What the project of the runtime says about its licence and those of what it links. */
export function readRuntimeLicense(): string {
  const page = join(ROOT, "node_modules/bun-types/docs/project/license.mdx");
  if (!existsSync(page)) {
    throw new Error(`${page} is missing: the runtime's licences cannot be told`);
  }
  return readFileSync(page, "utf8").replace(/^---\n(?:.*\n)*?---\n+/, "");
}
