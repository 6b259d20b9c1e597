/** What lies where in the Debian package, beside the program itself. */

import { readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { connectorCommand } from "../../src/cli/connector.ts";
import { COMMANDS } from "../../src/cli/mod.ts";
import { serverCommand } from "../../src/cli/server.ts";
import { formatDump } from "../../src/config/mod.ts";
import { COMPLETIONS_BY_NAME, makeCompletions, makeManPages } from "./shell_helpers.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const DEBIAN = join(import.meta.dir, "debian");

/** The version's second part: how often this version was packaged. */
const REVISION = 1;
/** The oldest glibc that the runtime runs with. */
const GLIBC = "2.17";
const MAINTAINER = "The authors of acra <acra@example.org>";

/** As Debian writes it: `0.82.0-1`. */
export const DEBIAN_VERSION = `${packageJson.version}-${REVISION}`;

/** Path in the package → content. */
export type PackageFiles = ReadonlyMap<string, string | Uint8Array>;

/** Settings that differ from the defaults, so that every file has its place in Debian's tree. */
const CONFIGURATIONS = [
  [
    "acra-server",
    serverCommand.settings,
    { keys_dir: "/var/lib/acra-server/keys", auth_keys: "/var/lib/acra-server/auth.keys" },
  ],
  ["acra-connector", connectorCommand.settings, { keys_dir: "/var/lib/acra-connector/keys" }],
] as const;

/** Everything but the program, in mode 0644. */
export function makePackageFiles(notices: string, sourceDate: number): PackageFiles {
  const docs = "usr/share/doc/acra";
  const files = new Map<string, string | Uint8Array>();
  for (const [service, settings, values] of CONFIGURATIONS) {
    files.set(`etc/acra/${service}.yaml`, formatDump(settings, values));
    const unit = readText("examples/deploy/systemd", `${service}.service`);
    files.set(`lib/systemd/system/${service}.service`, unit);
  }
  files.set(`${docs}/copyright`, readFileSync(join(DEBIAN, "copyright")));
  files.set(`${docs}/README.Debian`, readFileSync(join(DEBIAN, "README.Debian")));
  files.set(`${docs}/THIRD_PARTY_NOTICES.txt`, notices);
  files.set(`${docs}/changelog.Debian.gz`, compress(formatChangelog(sourceDate)));
  files.set(`${docs}/changelog.gz`, compress(readText("CHANGELOG.md")));
  files.set("usr/share/lintian/overrides/acra", readFileSync(join(DEBIAN, "lintian-overrides")));
  for (const folder of ["docs", "examples/deploy"]) {
    for (const path of listFiles(folder)) {
      files.set(`${docs}/${path}`, readFileSync(join(ROOT, path)));
    }
  }
  for (const [path, text] of makeCompletions()) {
    files.set(path, text);
  }
  for (const [name, text] of makeManPages()) {
    files.set(`usr/share/man/man1/${name}.gz`, compress(text));
  }
  return files;
}

/**
 * Link → the name in the same folder that it leads to: the programs of Acra 0.82, and completions, which
 * bash and fish look for by the program's name.
 */
export function makeLinks(files: PackageFiles): ReadonlyMap<string, string> {
  const targets = ["usr/bin/acra", ...COMPLETIONS_BY_NAME.filter((path) => files.has(path))];
  const names = COMMANDS.flatMap((entry) =>
    entry.kind === "command" && entry.executable !== undefined ? [entry.executable] : [],
  );
  return new Map(
    targets.flatMap((target) =>
      names.map((name): [string, string] => [
        target.replace(/acra(?=$|\.fish$)/, name),
        basename(target),
      ]),
    ),
  );
}

/** The files that tell dpkg what the package is. */
export function makeControlFiles(facts: {
  readonly architecture: string;
  readonly installedKilobytes: number;
  readonly files: PackageFiles;
}): PackageFiles {
  const configuration = [...facts.files.keys()].filter((path) => path.startsWith("etc/"));
  return new Map<string, string | Uint8Array>([
    ["control", formatControl(facts.architecture, facts.installedKilobytes)],
    ["conffiles", configuration.map((path) => `/${path}\n`).join("")],
    ...["postinst", "prerm", "postrm"].map((name): [string, Uint8Array] => [
      name,
      readFileSync(join(DEBIAN, name)),
    ]),
  ]);
}

function formatControl(architecture: string, installedKilobytes: number): string {
  return `Package: acra
Version: ${DEBIAN_VERSION}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${installedKilobytes}
Depends: libc6 (>= ${GLIBC}), adduser, init-system-helpers (>= 1.54~)
Section: database
Priority: optional
Description: database encryption proxy
 A proxy that keeps a database worthless to a thief. Applications seal
 sensitive values with a public key; they lie encrypted in PostgreSQL, and
 become readable only on the way through acra server, for applications that
 arrive over an authenticated connection.
 .
 The package holds server, connector and the tools for keys. It makes no keys
 and starts nothing.
`;
}

function formatChangelog(sourceDate: number): string {
  const date = new Date(sourceDate * 1_000).toUTCString().replace("GMT", "+0000");
  return `acra (${DEBIAN_VERSION}) unstable; urgency=medium

  * Packaged by scripts/release; changelog.gz tells what is new.

 -- ${MAINTAINER}  ${date}
`;
}

/** Like `gzip -9n`: no name and no time. */
function compress(text: string): Uint8Array {
  return Bun.gzipSync(new TextEncoder().encode(text), { level: 9 });
}

function readText(...path: string[]): string {
  return readFileSync(join(ROOT, ...path), "utf8");
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== ".gitignore")
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1))
    .sort();
}
