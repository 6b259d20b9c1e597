/** What `scripts/release` has made, in dist/release or where `ACRA_RELEASE` says. */

import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..", "..");

/** The folder of the release. */
export const RELEASE = resolve(process.env["ACRA_RELEASE"] ?? join(ROOT, "dist", "release"));

/** As Debian calls this machine's processor. */
export const ARCHITECTURE = process.arch === "arm64" ? "arm64" : "amd64";

/**
 * The Debian package for this machine.
 * @throws Error when there is none.
 */
export function findPackage(): string {
  const found = existsSync(RELEASE)
    ? readdirSync(RELEASE).find((file) => file.endsWith(`_${ARCHITECTURE}.deb`))
    : undefined;
  if (found === undefined) {
    throw new Error(`${RELEASE} has no package for ${ARCHITECTURE}: run scripts/release`);
  }
  return join(RELEASE, found);
}
