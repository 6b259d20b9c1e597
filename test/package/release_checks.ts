/**
 * What `scripts/release` has made: every file has its sum, a second run elsewhere makes the same bytes,
 * the binaries are for the platforms they name, and bills and notices tell what is inside.
 */

import { beforeAll, describe, expect, test } from "bun:test";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { RELEASE_TARGETS } from "../../scripts/packaging/targets.ts";
import { missingProgram } from "../harness/missing.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { testUnless } from "../harness/skip.ts";
import { RELEASE } from "./release_folder.ts";

const ROOT = resolve(import.meta.dir, "..", "..");

/** Target → the beginning of its files, and what `file` would say. */
const MAGIC: Readonly<Record<string, RegExp>> = {
  "linux-x64": /^7f454c460201.{20}02003e00/,
  "linux-x64-musl": /^7f454c460201.{20}02003e00/,
  "linux-arm64": /^7f454c460201.{20}0200b700/,
  "linux-arm64-musl": /^7f454c460201.{20}0200b700/,
  "darwin-x64": /^cffaedfe07000001/,
  "darwin-arm64": /^cffaedfe0c000001/,
  "windows-x64": /^4d5a/,
};
/** A part of the binaries by which the C library shows. */
const INTERPRETERS: Readonly<Record<string, string>> = {
  "linux-x64": "/lib64/ld-linux-x86-64.so.2",
  "linux-x64-musl": "/lib/ld-musl-x86_64.so.1",
  "linux-arm64": "/lib/ld-linux-aarch64.so.1",
  "linux-arm64-musl": "/lib/ld-musl-aarch64.so.1",
};

let sums: ReadonlyMap<string, string>;

function readSums(folder: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(folder, "SHA256SUMS"), "utf8");
  return new Map(
    text
      .trim()
      .split("\n")
      .map((line): [string, string] => [line.slice(66), line.slice(0, 64)]),
  );
}

function binaryOf(name: string): string {
  const suffix = name.startsWith("windows") ? ".exe" : "";
  return join(RELEASE, `acra-${packageJson.version}-${name}${suffix}`);
}

beforeAll(() => {
  sums = readSums(RELEASE);
});

test("SHA256SUMS has every file, and fits", async () => {
  const others = readdirSync(RELEASE).filter((name) => name !== "SHA256SUMS");
  expect([...sums.keys()].sort()).toEqual(others.sort());
  const { status, stdout } = await runProcess(["sha256sum", "--check", "--quiet", "SHA256SUMS"], {
    cwd: RELEASE,
  });
  expect({ status, stdout }).toEqual({ status: 0, stdout: "" });
});

describe.each(RELEASE_TARGETS.map(({ name }) => name))("the binary for %s", (name) => {
  test("is for that platform, and holds the program", async () => {
    const file = Bun.file(binaryOf(name));
    const bytes = Buffer.from(await file.bytes());
    expect(bytes.toString("hex", 0, 32)).toMatch(MAGIC[name] ?? /never/);
    expect(bytes.includes(INTERPRETERS[name] ?? "")).toBe(true);
    expect(bytes.includes(`"${packageJson.version}+`)).toBe(true);
    if (!name.startsWith("windows")) {
      expect(statSync(binaryOf(name)).mode & 0o777).toBe(0o755);
    }
  });

  test("has a bill of materials with its own hash", async () => {
    const bill = JSON.parse(await Bun.file(`${binaryOf(name)}.cdx.json`).text());
    expect(bill.bomFormat).toBe("CycloneDX");
    const file = binaryOf(name).slice(RELEASE.length + 1);
    expect(bill.metadata.component.hashes[0].content).toBe(sums.get(file) ?? "none");
    const names: string[] = bill.components.map((one: { name: string }) => one.name);
    const [runtime] = RELEASE_TARGETS.filter((target) => target.name === name);
    expect(names).toContain(runtime?.runtimePackage ?? "none");
    expect(names).toContain("postgres");
    expect(names.filter((one) => one.startsWith("@biomejs"))).toEqual([]);
  });
});

test("the notices name every package of the bills, with a licence", async () => {
  const notices = await Bun.file(join(RELEASE, "THIRD_PARTY_NOTICES.txt")).text();
  const bill = JSON.parse(await Bun.file(`${binaryOf("linux-x64")}.cdx.json`).text());
  for (const { name, version, type } of bill.components) {
    expect(notices).toContain(type === "platform" ? `Bun ${version}` : `${name} ${version} (`);
  }
  expect(notices).toContain("JavaScriptCore");
  expect(notices).toContain("Permission is hereby granted");
});

/** Copies the checkout as it is, without what is ignored; versions come from the same history. */
async function copyCheckout(folder: string): Promise<void> {
  const git = async (...args: string[]) =>
    (await runProcess(["git", "-C", ROOT, ...args])).stdout.split("\n");
  const files = await git("ls-files", "--cached", "--others", "--exclude-standard");
  for (const file of files.filter((one) => one !== "")) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    await cp(join(ROOT, file), join(folder, file), { verbatimSymlinks: true });
  }
  const [history = ""] = await git("rev-parse", "--absolute-git-dir");
  writeFileSync(join(folder, ".git"), `gitdir: ${history}\n`);
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  mkdirSync(join(folder, ".cache"));
  symlinkSync(join(ROOT, ".cache", "runtimes"), join(folder, ".cache", "runtimes"));
}

testUnless(
  missingProgram("git"),
  "a second release, from another folder and with another umask, has the same sums",
  async () => {
    const folder = makeTemporaryFolder();
    await copyCheckout(folder);
    const script = "umask 077 && exec bun scripts/packaging/main.ts";
    const { status, stderr } = await runProcess(["sh", "-c", script], {
      cwd: folder,
      timeoutMs: 900_000,
      env: {
        PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
        TZ: "Asia/Tokyo",
        // `git status` would write what it saw in the copy into the checkout's index.
        GIT_OPTIONAL_LOCKS: "0",
      },
    });
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(readSums(join(folder, "dist", "release"))).toEqual(sums);
  },
  900_000,
);
