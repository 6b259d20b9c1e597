/** The notices that go along with a binary: licences of what it holds beside our own code. */

import { type BundledPackage, readRuntimeLicense } from "./bundled_packages.ts";
import { RUNTIME_VERSION } from "./targets.ts";

const RULE = "=".repeat(78);

/** One text for all binaries. */
export function formatNotices(packages: readonly BundledPackage[]): string {
  const head =
    "acra is licensed under the Apache License 2.0 (see LICENSE). Its executables also hold the works\n" +
    "below, each under its own licence.\n";
  const runtime = section(
    `Bun ${RUNTIME_VERSION} (runtime)`,
    `${readRuntimeLicense().trim()}\n\n` +
      "The executable can be made again with a Bun of your own, relinked or changed: scripts/build.ts of\n" +
      "acra's sources compiles the same program with the Bun that runs it.\n",
  );
  return [head, ...packages.map(formatPackage), runtime].join("\n");
}

function formatPackage({ name, version, license, licenseTexts }: BundledPackage): string {
  const texts = licenseTexts.length > 0 ? licenseTexts : [`Licence: ${license}`];
  return section(`${name} ${version} (${license})`, texts.map((text) => text.trim()).join("\n\n"));
}

function section(title: string, text: string): string {
  return `${RULE}\n${title}\n${RULE}\n\n${text}\n`;
}
