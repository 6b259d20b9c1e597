/** The server's keys: permissions, cache, reset, and files that are not what they should be. */

import { expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingLinux, testUnless } from "../../../test/harness/skip.ts";
import {
  clientId,
  layFile,
  layVectorFiles,
  rememberWarnings,
  thrownBy,
  vectorMasterKey,
  withFolder,
} from "../helpers_test.ts";
import { MasterKey } from "../master_key.ts";
import { FilesystemConnectorKeys } from "./filesystem_connector_keys.ts";
import { FilesystemKeystore } from "./filesystem_keystore.ts";

/** A keystore over the original's files. */
function withKeystore(
  cacheSize: number,
  body: (keys: FilesystemKeystore, folder: string, warnings: readonly string[]) => void,
): void {
  withFolder((folder) => {
    layVectorFiles(folder);
    const log = rememberWarnings();
    const masterKey = vectorMasterKey();
    body(new FilesystemKeystore({ folder, masterKey, cacheSize, log }), folder, log.warnings);
  });
}

test("FilesystemKeystore answers null for keys that do not exist and ids that are not valid", () => {
  withKeystore(0, (keys) => {
    expect(keys.findStorageKey("nobody")).toBeNull();
    expect(keys.findConnectorPublicKey("nobody")).toBeNull();
    expect(keys.findStorageKey("../../etc/passwd")).toBeNull();
    expect(keys.findServerTransportKey("x/../client")).toBeNull();
    expect(keys.findConnectorPublicKey("abcd")).toBeNull();
    expect(keys.findStorageKey("a".repeat(256))).toBeNull();
  });
});

test("FilesystemKeystore does not remember that a key was missing", () => {
  withKeystore(0, (keys, folder) => {
    const path = join(folder, "client_storage");
    renameSync(path, join(folder, "elsewhere"));
    expect(keys.findStorageKey("client")).toBeNull();
    renameSync(join(folder, "elsewhere"), path);
    expect(keys.findStorageKey("client")).not.toBeNull();
  });
});

test("FilesystemKeystore prepares a key once, whoever asks for it", () => {
  withKeystore(0, (keys) => {
    expect(keys.findStorageKey("client")).toBe(keys.findStorageKey("client"));
    expect(keys.findConnectorPublicKey("client")).toBe(keys.findConnectorPublicKey("client"));
  });
});

test("FilesystemKeystore serves cached keys without their files until it is reset", () => {
  withKeystore(0, (keys, folder) => {
    const key = keys.findStorageKey("client");
    const publicKey = keys.findConnectorPublicKey("client");
    rmSync(join(folder, "client_storage"));
    rmSync(join(folder, "client.pub"));
    expect([keys.findStorageKey("client"), keys.findConnectorPublicKey("client")]).toEqual([
      key,
      publicKey,
    ]);
    const before = keys.generation;
    keys.reset();
    expect(keys.generation).toBe(before + 1);
    expect(keys.findStorageKey("client")).toBeNull();
    expect(keys.findConnectorPublicKey("client")).toBeNull();
    expect(key?.sign(Uint8Array.of(1))).toBeInstanceOf(Uint8Array);
  });
});

/** A master key that remembers what it was given to open. */
function spyOnOpen(): { masterKey: MasterKey; opened: Uint8Array[] } {
  const masterKey = vectorMasterKey();
  const opened: Uint8Array[] = [];
  const open = masterKey.open.bind(masterKey);
  masterKey.open = (sealed, context) => {
    opened.push(sealed);
    return open(sealed, context);
  };
  return { masterKey, opened };
}

test("FilesystemKeystore caches sealed bytes, and opens them again when nobody holds the key", async () => {
  const folder = mkdtempSync(join(tmpdir(), "acra-keystore-"));
  try {
    layVectorFiles(folder);
    const { masterKey, opened } = spyOnOpen();
    const log = rememberWarnings();
    const keys = new FilesystemKeystore({ folder, masterKey, cacheSize: 0, log });
    keys.findStorageKey("client");
    rmSync(join(folder, "client_storage"));
    // A collector may take its time; what it takes must not be missed.
    for (let tries = 0; tries < 100 && opened.length < 2; tries++) {
      await Bun.sleep(1);
      Bun.gc(true);
      expect(keys.findStorageKey("client")).not.toBeNull();
    }
    expect(opened.length).toBe(2);
    expect(opened[1]).toBe(opened[0] as Uint8Array);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("FilesystemKeystore wipes sealed bytes that leave the cache", () => {
  withFolder((folder) => {
    layVectorFiles(folder);
    const { masterKey, opened } = spyOnOpen();
    const isWiped = () => opened.map((sealed) => sealed.every((byte) => byte === 0));
    const log = rememberWarnings();
    const keys = new FilesystemKeystore({ folder, masterKey, cacheSize: 2, log });
    keys.findStorageKey("client");
    keys.findServerTransportKey("client");
    keys.findStorageKey("alice_01");
    expect(isWiped()).toEqual([true, false, false]);
    keys.reset();
    expect(isWiped()).toEqual([true, true, true]);
    const off = new FilesystemKeystore({ folder, masterKey, cacheSize: -1, log });
    off.findStorageKey("client");
    expect(isWiped()).toEqual([true, true, true, true]);
  });
});

test("FilesystemKeystore with cache size −1 reads the file each time", () => {
  withKeystore(-1, (keys, folder) => {
    expect(keys.findStorageKey("client")).not.toBeNull();
    rmSync(join(folder, "client_storage"));
    expect(keys.findStorageKey("client")).toBeNull();
  });
});

test("FilesystemKeystore with cache size 1 forgets the older key, which stays usable", () => {
  withKeystore(1, (keys, folder) => {
    const first = keys.findStorageKey("client");
    keys.findStorageKey("alice_01");
    rmSync(join(folder, "client_storage"));
    rmSync(join(folder, "alice_01_storage"));
    expect(keys.findStorageKey("client")).toBeNull();
    expect(keys.findStorageKey("alice_01")).not.toBeNull();
    expect(first?.sign(Uint8Array.of(1))).toBeInstanceOf(Uint8Array);
  });
});

test("FilesystemKeystore does not cache poison keys", () => {
  withKeystore(0, (keys, folder) => {
    expect(keys.findPoisonKey()).not.toBeNull();
    rmSync(join(folder, ".poison_key"), { recursive: true });
    expect(keys.findPoisonKey()).toBeNull();
  });
});

test("FilesystemKeystore refuses half a poison pair that could not raise an alarm", () => {
  withKeystore(0, (keys, folder) => {
    rmSync(join(folder, ".poison_key/poison_key"));
    expect(() => keys.findPoisonKey()).toThrow("poison records cannot be recognised");
  });
});

testUnless(
  missingLinux,
  "FilesystemKeystore refuses a folder that is not exactly 0700, and takes a missing one",
  () => {
    withFolder((folder) => {
      const open = (path: string) =>
        new FilesystemKeystore({
          folder: path,
          masterKey: vectorMasterKey(),
          cacheSize: 0,
          log: rememberWarnings(),
        });
      for (const mode of [0o755, 0o701, 0o710, 0o500, 0o600]) {
        chmodSync(folder, mode);
        expect(() => open(folder)).toThrow("key store folder has an incorrect permissions");
      }
      chmodSync(folder, 0o700);
      expect(open(folder).findStorageKey("client")).toBeNull();
      const missing = join(folder, "missing");
      expect(open(missing).findStorageKey("client")).toBeNull();
      expect(existsSync(missing)).toBe(false);
      layFile(join(folder, "file"), Uint8Array.of(1), 0o600);
      expect(() => open(join(folder, "file"))).toThrow("is not a folder");
    });
  },
);

testUnless(
  missingLinux,
  "FilesystemKeystore takes private files of mode 0600 and 0400 only",
  () => {
    withKeystore(-1, (keys, folder) => {
      for (const [name, find] of [
        ["client_storage", () => keys.findStorageKey("client")],
        ["client_server", () => keys.findServerTransportKey("client")],
        [".poison_key/poison_key", () => keys.findPoisonKey()],
      ] as const) {
        const path = join(folder, name);
        for (const mode of [0o640, 0o604, 0o660, 0o700, 0o644]) {
          chmodSync(path, mode);
          expect(thrownBy(find)).toMatchObject({
            name: "KeyUnreadableError",
            message: `private key file ${path} has incorrect permissions`,
            path,
          });
        }
        for (const mode of [0o400, 0o600]) {
          chmodSync(path, mode);
          expect(find()).not.toBeNull();
        }
      }
    });
  },
);

testUnless(
  missingLinux,
  "FilesystemKeystore warns once about an open folder of poison keys",
  () => {
    withKeystore(0, (keys, folder, warnings) => {
      chmodSync(join(folder, ".poison_key"), 0o755);
      keys.findPoisonKey();
      keys.findPoisonKey();
      expect(warnings).toEqual([
        `folder ${join(folder, ".poison_key")} has incorrect permissions: 0755 in place of 0700`,
      ]);
    });
  },
);

testUnless(
  missingLinux,
  "FilesystemConnectorKeys warns once about the mode of its private file",
  () => {
    withFolder((folder) => {
      layVectorFiles(folder);
      const path = join(folder, "client");
      chmodSync(path, 0o644);
      const log = rememberWarnings();
      const options = { folder, clientId: clientId("client"), masterKey: vectorMasterKey(), log };
      const keys = new FilesystemConnectorKeys(options);
      keys.readClientKey();
      keys.readClientKey();
      expect(log.warnings).toEqual([`private key file ${path} has incorrect permissions`]);
    });
  },
);

test("FilesystemConnectorKeys reads its files each time and names the one that is missing", () => {
  withFolder((folder) => {
    layVectorFiles(folder);
    const options = { folder, clientId: clientId("client"), masterKey: vectorMasterKey() };
    const keys = new FilesystemConnectorKeys({ ...options, log: rememberWarnings() });
    const first = keys.readClientKey();
    expect(keys.readClientKey()).toBe(first);
    const server = keys.readServerPublicKey();
    copyFileSync(join(folder, "client.pub"), join(folder, "client_server.pub"));
    expect(keys.readServerPublicKey().container).not.toEqual(server.container);
    rmSync(join(folder, "client"));
    rmSync(join(folder, "client_server.pub"));
    expect(thrownBy(() => keys.readClientKey())).toMatchObject({
      name: "KeyNotFoundError",
      kind: "connector-transport",
      id: "client",
    });
    expect(thrownBy(() => keys.readServerPublicKey())).toMatchObject({
      message: expect.stringContaining(join(folder, "client_server.pub")),
      kind: "server-transport",
    });
  });
});

test("FilesystemKeystore tells a wrong master key from a damaged file", () => {
  withFolder((folder) => {
    layVectorFiles(folder);
    const other = new MasterKey(new Uint8Array(32).fill(1));
    const log = rememberWarnings();
    const wrong = new FilesystemKeystore({ folder, masterKey: other, cacheSize: 0, log });
    expect(thrownBy(() => wrong.findStorageKey("client"))).toMatchObject({
      name: "KeyUnreadableError",
      path: join(folder, "client_storage"),
      hint: expect.stringContaining("ACRA_MASTER_KEY is not the one"),
    });
    layFile(join(folder, "client_storage"), new Uint8Array(89), 0o600);
    layFile(join(folder, "client.pub"), new Uint8Array(45), 0o644);
    const keys = new FilesystemKeystore({
      folder,
      masterKey: vectorMasterKey(),
      cacheSize: 0,
      log,
    });
    expect(() => keys.findStorageKey("client")).toThrow("does not hold a private key");
    expect(() => keys.findConnectorPublicKey("client")).toThrow("does not hold a public key");
  });
});

test("FilesystemKeystore refuses what is no key file: folders, pipes, endless files", () => {
  withKeystore(0, (keys, folder) => {
    const path = join(folder, "client_storage");
    rmSync(path);
    mkdirSync(path, { mode: 0o600 });
    expect(() => keys.findStorageKey("client")).toThrow("is not a file");
    rmSync(path, { recursive: true });
    layFile(path, new Uint8Array(1025), 0o600);
    expect(() => keys.findStorageKey("client")).toThrow("is too long for a key");
    rmSync(path);
    if (Bun.spawnSync(["mkfifo", "-m", "600", path]).success) {
      expect(statSync(path).isFIFO()).toBe(true);
      expect(() => keys.findStorageKey("client")).toThrow("is not a file");
    }
  });
});
