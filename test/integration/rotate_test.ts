/** `acra rotate` as a process: what it prints and writes, and what is left when it is killed (acra-formats.md §8.5). */

import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openAcraStruct, sealAcraStruct } from "../../src/acrastruct/mod.ts";
import { FilesystemKeyMaker, FilesystemKeystore, MasterKey } from "../../src/keystore/mod.ts";
import { createLog } from "../../src/log/mod.ts";
import type { PrivateKey, PublicKey } from "../../src/themis/mod.ts";
import { acraCommand, sourceCommand } from "../harness/acra.ts";
import { type FinishedProcess, runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const MASTER_KEY = new Uint8Array(32).fill(7);
const PRELOAD = join(import.meta.dir, "../harness/die_at_write.ts");
const log = createLog({
  product: "test",
  version: "0",
  kind: "tool",
  stream: { write: () => true, on: () => undefined },
  format: "",
  colours: false,
  level: "error",
});

/** Two zones with two files each, and a map of them. */
interface Fixture {
  readonly folder: string;
  readonly keys: string;
  readonly zones: readonly string[];
  /** Path below the folder → zone and plaintext. */
  readonly files: ReadonlyMap<string, { readonly zone: string; readonly plaintext: string }>;
}

function makeFixture(): Fixture {
  const folder = makeTemporaryFolder();
  const keys = join(folder, "keys");
  const maker = new FilesystemKeyMaker({ folder: keys, masterKey: new MasterKey(MASTER_KEY) });
  const files = new Map<string, { zone: string; plaintext: string }>();
  const map: Record<string, string[]> = {};
  mkdirSync(join(folder, "data"));
  for (const { zoneId: zone, publicKey } of [maker.makeZone(), maker.makeZone()]) {
    map[zone] = ["one", "two"].map((name) => `data/${zone}.${name}`);
    for (const path of map[zone]) {
      files.set(path, { zone, plaintext: `plaintext of ${path}` });
      write(join(folder, path), seal(`plaintext of ${path}`, publicKey, zone), 0o640);
    }
  }
  writeFileSync(join(folder, "map.json"), JSON.stringify(map));
  return { folder, keys, zones: Object.keys(map).sort(), files };
}

function write(path: string, bytes: Uint8Array, mode: number): void {
  writeFileSync(path, bytes);
  chmodSync(path, mode);
}

function seal(plaintext: string, publicKey: PublicKey, zone: string): Uint8Array {
  return sealAcraStruct(Buffer.from(plaintext), publicKey, Buffer.from(zone));
}

async function rotate(
  { folder }: Pick<Fixture, "folder">,
  flags: readonly string[] = ["--file_map_config=map.json"],
  env: Record<string, string> = {},
): Promise<FinishedProcess> {
  // A compiled binary takes no --preload: who is to die runs from the sources.
  const isDoomed = "DIE_AT_WRITE" in env || "COUNT_WRITES" in env;
  const command = isDoomed ? sourceCommand("--preload", PRELOAD) : acraCommand();
  return await runProcess([...command, "rotate", "--keys_dir=keys", ...flags], {
    cwd: folder,
    env: { ACRA_MASTER_KEY: MASTER_KEY.toBase64(), ...env },
  });
}

/** Opens a file with the present key of its zone, or with one of `keys`. */
function tryOpen(
  { folder }: Fixture,
  path: string,
  zone: string,
  keys: readonly PrivateKey[],
): string | null {
  const bytes = readFileSync(join(folder, path));
  for (const key of keys) {
    try {
      return new TextDecoder().decode(openAcraStruct(bytes, key, Buffer.from(zone)));
    } catch {
      // The next one.
    }
  }
  return null;
}

/** Files that do not open, with the present keys or with old ones too. */
function findLost(fixture: Fixture, which: "present" | "present and old"): string[] {
  const keystore = new FilesystemKeystore({
    folder: fixture.keys,
    masterKey: new MasterKey(MASTER_KEY),
    cacheSize: -1,
    log,
  });
  return [...fixture.files]
    .filter(([path, { zone, plaintext }]) => {
      const present = keystore.findZoneKey(zone);
      const old = which === "present" ? [] : keystore.findOldZoneKeys(zone);
      return (
        tryOpen(fixture, path, zone, [...(present === null ? [] : [present]), ...old]) !== plaintext
      );
    })
    .map(([path]) => path);
}

/** Everything below the folder: path → bytes. */
function takeSnapshot({ folder }: Fixture): ReadonlyMap<string, string> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return new Map(
    paths
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path), "hex")]),
  );
}

test("files are sealed for new keys, which are printed; old keys are kept; modes stay", async () => {
  const fixture = makeFixture();
  const { folder, keys, zones } = fixture;
  const before = takeSnapshot(fixture);
  const { status, stdout, stderr } = await rotate(fixture);
  expect(status).toBe(0);
  expect(findLost(fixture, "present")).toEqual([]);
  const expected = zones.map(
    (zone) =>
      `"${zone}":{"new_public_key":"${readFileSync(join(keys, `${zone}_zone.pub`), "base64")}","file_paths":["data/${zone}.one","data/${zone}.two"]}`,
  );
  expect(stdout).toBe(`{${expected.join(",")}}`);
  expect(stderr.match(/Finish rotate file/g)?.length).toBe(4);
  expect(stderr.match(/Finish rotate zone/g)?.length).toBe(2);
  for (const path of fixture.files.keys()) {
    expect(readFileSync(join(folder, path), "hex")).not.toBe(before.get(path) ?? "");
    expect(statSync(join(folder, path)).mode & 0o777).toBe(0o640);
  }
  for (const zone of zones) {
    const [kept = ""] = readdirSync(join(keys, `${zone}_zone.old`));
    expect(readFileSync(join(keys, `${zone}_zone.old`, kept), "hex")).toBe(
      before.get(`keys/${zone}_zone`) ?? "",
    );
  }
});

describe("nothing changes", () => {
  test("with --dry-run, and no key is printed", async () => {
    const fixture = makeFixture();
    const before = takeSnapshot(fixture);
    expect(await rotate(fixture, ["--file_map_config=map.json", "--dry-run"])).toMatchObject({
      status: 0,
      stdout: "",
      stderr: expect.stringContaining("Every file can be rotated; nothing was changed"),
    });
    expect(takeSnapshot(fixture)).toEqual(before);
  });

  test.each([
    ["cannot be decrypted", "broken", (path: string) => writeFileSync(path, "not an AcraStruct")],
    ["does not exist", "missing", () => {}],
    ["is a folder", "folder", (path: string) => mkdirSync(path)],
  ])("when one file %s", async (_, name, make) => {
    const fixture = makeFixture();
    const [, last = ""] = fixture.zones;
    make(join(fixture.folder, name));
    const map = JSON.parse(readFileSync(join(fixture.folder, "map.json"), "utf8"));
    map[last].push(name);
    writeFileSync(join(fixture.folder, "map.json"), JSON.stringify(map));
    const before = takeSnapshot(fixture);
    for (const flags of [[], ["--dry-run"]]) {
      const { status, stdout, stderr } = await rotate(fixture, [
        "--file_map_config=map.json",
        ...flags,
      ]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toContain(name);
      expect(takeSnapshot(fixture)).toEqual(before);
    }
  });

  test("for an unknown zone, a map of another form, and none", async () => {
    const fixture = makeFixture();
    const file = join(fixture.folder, "other.json");
    for (const [text, message] of [
      ['{"DDDDDDDDaaaaaaaaaaaaaaaa": []}', 'error: No key of zone "DDDDDDDDaaaaaaaaaaaaaaaa"'],
      ['{"../../etc": "x"}', 'error: No key of zone "../../etc"'],
      ['{"zone": 1}', 'error: config must have json format {"zoneId1": pathToFileStr'],
    ] as const) {
      writeFileSync(file, text);
      const { status, stdout, stderr } = await rotate(fixture, ["--file_map_config=other.json"]);
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toContain(message);
    }
    writeFileSync(file, "{}");
    expect(await rotate(fixture, ["--file_map_config=other.json"])).toMatchObject({
      status: 0,
      stdout: "{}",
    });
    expect(await rotate(fixture, [])).toMatchObject({ status: 0, stdout: "" });
  });
});

test("a file that is named twice, also by a link, is rotated once; links stay", async () => {
  const fixture = makeFixture();
  const [zone = ""] = fixture.zones;
  const path = `data/${zone}.one`;
  symlinkSync(join(fixture.folder, path), join(fixture.folder, "link"));
  writeFileSync(join(fixture.folder, "map.json"), JSON.stringify({ [zone]: [path, "link", path] }));
  const { status, stdout } = await rotate(fixture);
  expect(status).toBe(0);
  expect(stdout).toContain(`"file_paths":["${path}","link","${path}"]`);
  expect(tryOpen(fixture, "link", zone, [presentKey(fixture, zone)])).toBe(`plaintext of ${path}`);
  expect(readdirSync(fixture.folder)).toContain("link");
});

test("a file that an earlier rotation did not name is opened with its old key", async () => {
  const fixture = makeFixture();
  const map = readFileSync(join(fixture.folder, "map.json"), "utf8");
  const [zone = ""] = fixture.zones;
  writeFileSync(join(fixture.folder, "map.json"), JSON.stringify({ [zone]: `data/${zone}.one` }));
  await rotate(fixture);
  await rotate(fixture);
  expect(findLost(fixture, "present")).toEqual([`data/${zone}.two`]);
  writeFileSync(join(fixture.folder, "map.json"), map);
  const { status, stderr } = await rotate(fixture);
  expect(status).toBe(0);
  expect(stderr.match(/File is sealed with an old key/g)?.length).toBe(1);
  expect(findLost(fixture, "present")).toEqual([]);
});

test("killed after any write, no file and no key is lost, and the next run mends all", async () => {
  const fixture = makeFixture();
  const spare = join(makeTemporaryFolder(), "copy");
  cpSync(fixture.folder, spare, { recursive: true, preserveTimestamps: true });
  const counted = join(makeTemporaryFolder(), "count");
  await rotate(fixture, undefined, { COUNT_WRITES: counted });
  const writes = Number(readFileSync(counted, "utf8"));
  expect(writes).toBeGreaterThan(40);
  let mended = 0;
  const tryDeath = async (at: number): Promise<void> => {
    const folder = join(makeTemporaryFolder(), "copy");
    cpSync(spare, folder, { recursive: true });
    const victim: Fixture = { ...fixture, folder, keys: join(folder, "keys") };
    const { status, stdout } = await rotate(victim, undefined, { DIE_AT_WRITE: String(at) });
    expect({ at, status, stdout }).toEqual({ at, status: 137, stdout: "" });
    expect({ at, lost: findLost(victim, "present and old") }).toEqual({ at, lost: [] });
    mended += findLost(victim, "present").length;
    expect({ at, ...(await rotate(victim)) }).toMatchObject({ at, status: 0 });
    expect({ at, lost: findLost(victim, "present") }).toEqual({ at, lost: [] });
    expect(readdirSync(join(folder, "data")).filter((name) => name.startsWith("."))).toEqual([]);
  };
  for (let at = 1; at <= writes; at += 2) {
    await Promise.all([tryDeath(at), ...(at < writes ? [tryDeath(at + 1)] : [])]);
  }
  // Some of the deaths must have come between a key and its files.
  expect(mended).toBeGreaterThan(0);
}, 60_000);

function presentKey(fixture: Fixture, zone: string): PrivateKey {
  const masterKey = new MasterKey(MASTER_KEY);
  const keystore = new FilesystemKeystore({ folder: fixture.keys, masterKey, cacheSize: -1, log });
  const key = keystore.findZoneKey(zone);
  if (key === null) {
    throw new Error(`no key of ${zone}`);
  }
  return key;
}
