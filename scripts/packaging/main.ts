/**
 * Makes a release in dist/release: a binary for each platform, a bill of materials for each, notices,
 * Debian packages where dpkg-deb is, and SHA256SUMS. `scripts/release` starts it. Two runs from one
 * commit make the same bytes.
 */

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { compile, readVersion } from "../build.ts";
import { clearOutputFolder } from "../output_folder.ts";
import { runScript, UsageError } from "../run_script.ts";
import { formatBillOfMaterials } from "./bill_of_materials.ts";
import { type BundledPackage, findBundledPackages } from "./bundled_packages.ts";
import { buildDebianPackage } from "./debian_package.ts";
import { formatNotices } from "./notices.ts";
import { fetchRuntime } from "./runtimes.ts";
import { nativeTarget, RELEASE_TARGETS, type ReleaseTarget } from "./targets.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
/** Written last, and the mark of a folder that holds a release. */
const SUMS = "SHA256SUMS";
const NOTICES = "THIRD_PARTY_NOTICES.txt";

interface Release {
  readonly folder: string;
  readonly version: string;
  readonly sourceDate: number;
}

interface Built {
  readonly file: string;
  readonly packages: readonly BundledPackage[];
}

function git(...args: string[]): string {
  const child = Bun.spawnSync(["git", ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "ignore"] });
  return child.success ? child.stdout.toString().trim() : "";
}

/** The time that stands in all files: that of the commit, or `SOURCE_DATE_EPOCH`. */
function readSourceDate(): number {
  const text = process.env["SOURCE_DATE_EPOCH"] ?? git("log", "-1", "--format=%ct");
  return Number(text) || 0;
}

function hashFile(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

async function buildTarget(target: ReleaseTarget, release: Release): Promise<Built> {
  const { folder, version, sourceDate } = release;
  // The executable's name is compiled into it: it gets the longer one afterwards.
  const staging = join(folder, `.${target.name}`);
  const runtime = await fetchRuntime(target);
  const inputs = await compile(join(staging, target.executable), {
    target: target.bunTarget,
    runtime,
  });
  const suffix = target.executable === "acra.exe" ? ".exe" : "";
  const file = `acra-${packageJson.version}-${target.name}${suffix}`;
  renameSync(join(staging, target.executable), join(folder, file));
  rmSync(staging, { recursive: true });
  const packages = findBundledPackages(inputs);
  const sha256 = hashFile(await Bun.file(join(folder, file)).bytes());
  const bill = formatBillOfMaterials({ file, sha256, version, target, packages, sourceDate });
  writeFileSync(join(folder, `${file}.cdx.json`), bill);
  console.log(`built ${file}`);
  return { file, packages };
}

/** Asks the binary of this machine for its version, as the first user will. */
function checkVersion(file: string, { folder, version }: Release): void {
  const child = Bun.spawnSync([join(folder, file), "--version"]);
  const said = child.stdout.toString().trim();
  if (said !== version) {
    throw new Error(`${file} --version says "${said}" in place of "${version}"`);
  }
  console.log(`${file} --version: ${said}`);
}

async function writeSums(folder: string): Promise<void> {
  const files = [...new Bun.Glob("*").scanSync({ cwd: folder })].sort();
  const lines: string[] = [];
  for (const file of files) {
    lines.push(`${hashFile(await Bun.file(join(folder, file)).bytes())}  ${file}\n`);
  }
  writeFileSync(join(folder, SUMS), lines.join(""));
}

async function makeRelease(targets: readonly ReleaseTarget[], release: Release, deb: boolean) {
  const { folder } = release;
  clearOutputFolder(folder, SUMS);
  let notices = "";
  for (const target of targets) {
    const { file, packages } = await buildTarget(target, release);
    notices = formatNotices(packages);
    if (target === nativeTarget()) {
      checkVersion(file, release);
    }
    if (deb && target.debianArchitecture !== undefined) {
      const made = await buildDebianPackage({
        binary: join(folder, file),
        architecture: target.debianArchitecture,
        notices,
        ...release,
      });
      console.log(`built ${made}`);
    }
  }
  writeFileSync(join(folder, NOTICES), notices);
  await writeSums(folder);
}

function chooseTargets(names: string | undefined): readonly ReleaseTarget[] {
  const wanted = names?.split(",") ?? RELEASE_TARGETS.map(({ name }) => name);
  return wanted.map((name) => {
    const target = RELEASE_TARGETS.find((one) => one.name === name);
    if (target === undefined) {
      const known = RELEASE_TARGETS.map((one) => one.name).join(", ");
      throw new UsageError(`--targets: ${name} is none of ${known}`);
    }
    return target;
  });
}

const USAGE = `scripts/release [options]

Makes a release in dist/release: a binary for each platform, bills of materials, notices, Debian
packages where dpkg-deb is, and SHA256SUMS.

  --targets=NAMES   only these, with commas between them, of
                    ${RELEASE_TARGETS.map(({ name }) => name).join(" ")}
  --output=FOLDER   in place of dist/release
  --no-deb          no Debian packages`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      targets: { type: "string" },
      output: { type: "string", default: join(ROOT, "dist", "release") },
      "no-deb": { type: "boolean", default: false },
    },
  });
  const targets = chooseTargets(values.targets);
  const deb = !values["no-deb"] && Bun.which("dpkg-deb") !== null;
  if (!(deb || values["no-deb"])) {
    console.log("no dpkg-deb on this machine: no Debian packages are made");
  }
  if (git("status", "--porcelain") !== "") {
    console.log("note: files differ from the commit that the version names");
  }
  const folder = resolve(values.output);
  const release = { folder, version: readVersion(), sourceDate: readSourceDate() };
  await makeRelease(targets, release, deb);
  console.log(`wrote ${relative(process.cwd(), join(folder, SUMS))}`);
}

await runScript(USAGE, main);
