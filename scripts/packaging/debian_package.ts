/** Builds the Debian package with dpkg-deb. */

import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  DEBIAN_VERSION,
  makeControlFiles,
  makeLinks,
  makePackageFiles,
  type PackageFiles,
} from "./debian_files.ts";

/** What a package is made of. */
export interface DebianPackage {
  /** The compiled program. */
  readonly binary: string;
  readonly architecture: "amd64" | "arm64";
  readonly notices: string;
  /** Where the package is to lie. */
  readonly folder: string;
  /** Seconds since 1970; no file in the package is younger. */
  readonly sourceDate: number;
}

/** Program files and scripts of the package's maintainer; everything else is 0644. */
const EXECUTABLE_MODE = 0o755;

/** A higher level takes minutes and saves a tenth. */
const COMPRESSION = ["-Zxz", "-z1"];

/**
 * Builds it; answers the file's name.
 * @throws Error with what dpkg-deb says when that fails.
 */
export async function buildDebianPackage(facts: DebianPackage): Promise<string> {
  const { architecture, folder, sourceDate } = facts;
  const file = `acra_${DEBIAN_VERSION}_${architecture}.deb`;
  const tree = mkdtempSync(join(tmpdir(), "acra-deb-"));
  try {
    chmodSync(tree, 0o755);
    await layTree(tree, facts);
    const child = Bun.spawn(
      ["dpkg-deb", "--root-owner-group", ...COMPRESSION, "--build", tree, join(folder, file)],
      {
        env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDate) },
        stdio: ["ignore", "ignore", "pipe"],
      },
    );
    const [said, status] = await Promise.all([child.stderr.text(), child.exited]);
    if (status !== 0) {
      throw new Error(`dpkg-deb: status ${status}\n${said}`);
    }
  } finally {
    rmSync(tree, { recursive: true, force: true });
  }
  return file;
}

async function layTree(tree: string, facts: DebianPackage): Promise<void> {
  const files = makePackageFiles(facts.notices, facts.sourceDate);
  layFiles(tree, files);
  const program = join(tree, "usr/bin/acra");
  makeFolder(dirname(program));
  copyFileSync(facts.binary, program);
  chmodSync(program, EXECUTABLE_MODE);
  for (const [link, target] of makeLinks(files)) {
    symlinkSync(target, join(tree, link));
  }
  const programFile = Bun.file(program);
  const bytes = [...files.values()].reduce(
    (sum, content) => sum + content.length,
    programFile.size,
  );
  const control = new Map(
    makeControlFiles({
      architecture: facts.architecture,
      installedKilobytes: Math.ceil(bytes / 1_024),
      files,
    }),
  );
  const all = new Map<string, string | Uint8Array>([
    ...files,
    ["usr/bin/acra", await programFile.bytes()],
  ]);
  control.set("md5sums", formatSums(all));
  layFiles(join(tree, "DEBIAN"), control);
  for (const script of ["postinst", "prerm", "postrm"]) {
    chmodSync(join(tree, "DEBIAN", script), EXECUTABLE_MODE);
  }
}

/** Of everything that is no configuration file: dpkg keeps sums of those itself. */
function formatSums(files: PackageFiles): string {
  return [...files]
    .filter(([path]) => !path.startsWith("etc/"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, content]) => {
      const sum = new Bun.CryptoHasher("md5").update(content).digest("hex");
      return `${sum}  ${path}\n`;
    })
    .join("");
}

function layFiles(tree: string, files: PackageFiles): void {
  for (const [path, content] of files) {
    const place = join(tree, path);
    makeFolder(dirname(place));
    writeFileSync(place, content);
    chmodSync(place, 0o644);
  }
}

/** With the mode that folders of packages have, whatever the umask is. */
function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  for (let folder = path; first !== undefined; folder = dirname(folder)) {
    chmodSync(folder, 0o755);
    if (folder === first) {
      break;
    }
  }
}
