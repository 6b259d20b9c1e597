/** Zone keys: making them, finding them, and a new pair that is put in place later. */

import { expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isZoneId } from "../../zones/mod.ts";
import { clientId, rememberWarnings, thrownBy, withFolder } from "../helpers_test.ts";
import { MasterKey } from "../master_key.ts";
import { FilesystemKeyMaker } from "./filesystem_key_maker.ts";
import { FilesystemKeystore } from "./filesystem_keystore.ts";

const MASTER_KEY = new MasterKey(new Uint8Array(32).fill(9));

function openFolder(folder: string): { maker: FilesystemKeyMaker; keys: FilesystemKeystore } {
  return {
    maker: new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY }),
    keys: new FilesystemKeystore({
      folder,
      masterKey: MASTER_KEY,
      cacheSize: 0,
      log: rememberWarnings(),
    }),
  };
}

test("FilesystemKeyMaker makes zones that the keystore finds at once", () => {
  withFolder((folder) => {
    const { maker, keys } = openFolder(folder);
    const first = maker.makeZone();
    const second = maker.makeZone();
    expect(first.zoneId).not.toBe(second.zoneId);
    for (const { zoneId, publicKey } of [first, second]) {
      expect(isZoneId(zoneId)).toBe(true);
      expect(keys.findZoneKey(zoneId)?.publicKey.container).toEqual(publicKey.container);
      expect(readFileSync(join(folder, `${zoneId}_zone.pub`)).toHex()).toBe(
        publicKey.container.toHex(),
      );
      expect(statSync(join(folder, `${zoneId}_zone`)).mode & 0o777).toBe(0o600);
    }
    expect(keys.findZoneKey("DDDDDDDDnosuchzoneatalls")).toBeNull();
    expect(keys.findZoneKey("DDDDDDDD/../../etc/passw")).toBeNull();
  });
});

test("FilesystemKeystore caches zone keys, and not that one is missing", () => {
  withFolder((folder) => {
    const { maker, keys } = openFolder(folder);
    const { zoneId } = maker.makeZone();
    const key = keys.findZoneKey(zoneId);
    expect(key).not.toBeNull();
    expect(keys.findZoneKey(zoneId)).toBe(key);
    const later = clientId("DDDDDDDDcreatedAfterward");
    expect(keys.findZoneKey(later)).toBeNull();
    maker.makePair("zone", later, { replace: false });
    expect(keys.findZoneKey(later)).not.toBeNull();
  });
});

test("FilesystemKeyMaker stages a pair for a zone, and keeps the old one when it is installed", () => {
  withFolder((folder) => {
    const { maker, keys } = openFolder(folder);
    const { zoneId, publicKey } = maker.makeZone();
    const path = join(folder, `${zoneId}_zone`);
    const oldFile = readFileSync(path).toHex();
    const staged = maker.stageZonePair(clientId(zoneId));
    expect(readFileSync(path).toHex()).toBe(oldFile);
    expect(staged.publicKey.container).not.toEqual(publicKey.container);
    const { keptPlace } = staged.install();
    keys.reset();
    expect(keys.findZoneKey(zoneId)?.publicKey.container).toEqual(staged.publicKey.container);
    expect(readFileSync(keptPlace ?? "").toHex()).toBe(oldFile);
  });
});

test("FilesystemKeyMaker stages nothing for a zone that has no key", () => {
  withFolder((folder) => {
    const { maker } = openFolder(folder);
    const thrown = thrownBy(() => maker.stageZonePair(clientId("DDDDDDDDnosuchzoneatalls")));
    expect(thrown).toHaveProperty("name", "KeyNotFoundError");
  });
});

test("FilesystemKeystore finds the keys that a zone had, newest first, without those that do not open", () => {
  withFolder((folder) => {
    const { maker, keys } = openFolder(folder);
    const made = maker.makeZone();
    const zoneId = clientId(made.zoneId);
    expect(keys.findOldZoneKeys(zoneId)).toEqual([]);
    const next = maker.stageZonePair(zoneId);
    next.install();
    maker.stageZonePair(zoneId).install();
    const olds = join(folder, `${zoneId}_zone.old`);
    writeFileSync(join(olds, "2001-01-01T00:00:00"), "no key", { mode: 0o600 });
    writeFileSync(join(olds, ".tmp-0123"), "half a copy", { mode: 0o600 });
    const found = keys.findOldZoneKeys(zoneId).map((key) => key.publicKey.container.toHex());
    expect(found).toEqual([next.publicKey, made.publicKey].map((key) => key.container.toHex()));
    expect(keys.findOldZoneKeys("../../etc")).toEqual([]);
  });
});
