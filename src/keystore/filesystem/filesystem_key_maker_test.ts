/** Making keys: modes, old keys, refusals, the poison pair, and a stop at every step. */

import { expect, test } from "bun:test";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { missingLinux, testUnless } from "../../../test/harness/skip.ts";
import { generateKeyPair } from "../../themis/mod.ts";
import { clientId, layFile, rememberWarnings, thrownBy, withFolder } from "../helpers_test.ts";
import { KEY_KINDS, keyFilesOf, type OwnedKeyKind } from "../key_files.ts";
import { MasterKey } from "../master_key.ts";
import { FilesystemKeyMaker } from "./filesystem_key_maker.ts";
import { FilesystemKeystore } from "./filesystem_keystore.ts";
import { installPair } from "./install_pair.ts";
import { listKeys } from "./list_keys.ts";
import { writeMasterKeyFile } from "./master_key_file.ts";
import { formatKeyTime } from "./old_keys.ts";
import { openPrivateKey } from "./open_key_file.ts";

const ID = clientId("testclientid");
const MASTER_KEY = new MasterKey(new Uint8Array(32).fill(9));
const KINDS = Object.keys(KEY_KINDS) as OwnedKeyKind[];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?$/;

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}

/** The public keys, as text, of every private key file under a folder that opens; old ones too. */
function privateKeysIn(folder: string, context: Uint8Array): Set<string> {
  const found = new Set<string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name);
    if (statSync(path).isFile() && readFileSync(path).length === 89) {
      const key = openPrivateKey({ path, bytes: readFileSync(path) }, context, MASTER_KEY);
      found.add(key.publicKey.container.toHex());
    }
  }
  return found;
}

test("FilesystemKeyMaker makes pairs that the keystore finds, with the modes of 0.82", () => {
  withFolder((parent) => {
    const folder = join(parent, "deep", "private");
    const publicFolder = join(parent, "public");
    const maker = new FilesystemKeyMaker({ folder, publicFolder, masterKey: MASTER_KEY });
    for (const kind of KINDS) {
      expect(maker.findExisting(kind, ID)).toBeNull();
      const made = maker.makePair(kind, ID, { replace: false });
      expect(made.privatePlace).toBe(join(folder, ID + KEY_KINDS[kind].suffix));
      expect(made.keptPlace).toBeNull();
      expect(maker.findExisting(kind, ID)).toBe(made.privatePlace);
      expect(modeOf(made.privatePlace)).toBe("600");
      expect(modeOf(made.publicPlace)).toBe((0o644 & ~process.umask()).toString(8));
      expect([statSync(made.privatePlace).size, statSync(made.publicPlace).size]).toEqual([89, 45]);
    }
    expect([join(parent, "deep"), folder, publicFolder].map(modeOf)).toEqual(["700", "700", "700"]);
    expect(readdirSync(folder).length).toBe(KINDS.length);
    const keys = new FilesystemKeystore({
      folder,
      publicFolder,
      masterKey: MASTER_KEY,
      cacheSize: 0,
      log: rememberWarnings(),
    });
    const storage = readFileSync(join(publicFolder, `${ID}_storage.pub`));
    expect(Buffer.from(keys.findStorageKey(ID)?.publicKey.container ?? [])).toEqual(storage);
    expect(keys.findConnectorPublicKey(ID)).not.toBeNull();
  });
});

test("FilesystemKeyMaker refuses to replace a key unless asked to, naming the file", () => {
  withFolder((folder) => {
    const maker = new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
    maker.makePair("storage", ID, { replace: false });
    const before = readFileSync(join(folder, `${ID}_storage`));
    expect(thrownBy(() => maker.makePair("storage", ID, { replace: false }))).toMatchObject({
      name: "KeystoreError",
      message: `${join(folder, `${ID}_storage`)} already exists`,
    });
    expect(readFileSync(join(folder, `${ID}_storage`))).toEqual(before);
    expect(readdirSync(folder).toSorted()).toEqual([`${ID}_storage`, `${ID}_storage.pub`]);
  });
});

test("FilesystemKeyMaker keeps both halves of a pair that it replaces", () => {
  withFolder((folder) => {
    const maker = new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
    maker.makePair("storage", ID, { replace: false });
    const path = join(folder, `${ID}_storage`);
    const old = [readFileSync(path), readFileSync(`${path}.pub`)];
    const made = maker.makePair("storage", ID, { replace: true });
    const [time = ""] = readdirSync(`${path}.old`);
    expect(time).toMatch(TIME);
    expect(made.keptPlace).toBe(join(`${path}.old`, time));
    expect([
      readFileSync(join(`${path}.old`, time)),
      readFileSync(join(`${path}.pub.old`, time)),
    ]).toEqual(old);
    expect(readFileSync(path)).not.toEqual(old[0] as Buffer);
    expect([modeOf(`${path}.old`), modeOf(join(`${path}.old`, time))]).toEqual(["700", "600"]);
    maker.makePair("storage", ID, { replace: true });
    expect(readdirSync(`${path}.old`).length).toBe(2);
  });
});

test("installPair loses no private key wherever it is stopped", () => {
  const files = keyFilesOf("storage", ID);
  let steps = 0;
  for (const replace of [false, true]) {
    for (let stopAt = 1; ; stopAt++) {
      const finished = stopInstallation(replace, stopAt);
      steps++;
      if (finished) {
        break;
      }
    }
  }
  // Two steps of staging, two of keeping, two of renaming; and one run each that is not stopped.
  expect(steps).toBe(4 + 1 + 6 + 1);

  function stopInstallation(replace: boolean, stopAt: number): boolean {
    let finished = true;
    withFolder((folder) => {
      const everyPublicKey = new Set<string>();
      if (replace) {
        install(folder, true, () => {});
      }
      note();
      let step = 0;
      try {
        install(folder, replace, () => {
          note();
          if (++step === stopAt) {
            throw new Error("power cut");
          }
        });
      } catch (error) {
        expect(error).toHaveProperty("message", "power cut");
        finished = false;
      }
      note();
      expect(existsSync(join(folder, files.privateName))).toBe(replace || stopAt > 2);
      const privateKeys = privateKeysIn(folder, files.context);
      for (const publicKey of everyPublicKey) {
        expect(privateKeys).toContain(publicKey);
      }
      expect(readdirSync(folder).filter((name) => name.startsWith(".tmp-"))).toEqual([]);

      function note(): void {
        const path = join(folder, files.publicName);
        if (existsSync(path)) {
          everyPublicKey.add(readFileSync(path).toString("hex"));
        }
      }
    });
    return finished;
  }

  function install(folder: string, replace: boolean, afterStep: () => void): void {
    const pair = generateKeyPair();
    installPair(
      {
        privatePath: join(folder, files.privateName),
        publicPath: join(folder, files.publicName),
        privateBytes: MASTER_KEY.seal(pair.privateKey, files.context),
        publicBytes: pair.publicKey,
        replace,
        time: 1_534_000_000_000_000_000n,
      },
      afterStep,
    );
  }
});

test("installPair does not replace a private key that another process made meanwhile", () => {
  withFolder((folder) => {
    const path = join(folder, "some_storage");
    const pair = {
      privatePath: path,
      publicPath: `${path}.pub`,
      privateBytes: new Uint8Array(89),
      publicBytes: new Uint8Array(45),
      replace: false,
      time: 0n,
    };
    const theirs = Uint8Array.of(1, 2, 3);
    let step = 0;
    const meanwhile = () => {
      if (++step === 2) {
        layFile(path, theirs, 0o600);
      }
    };
    expect(() => installPair(pair, meanwhile)).toThrow("already exists");
    expect(new Uint8Array(readFileSync(path))).toEqual(theirs);
    expect(readdirSync(folder)).toEqual(["some_storage"]);
  });
});

test("formatKeyTime writes UTC with up to nine digits and no zeros behind", () => {
  const second = 1_534_075_445n * 1_000_000_000n;
  expect(formatKeyTime(second)).toBe("2018-08-12T12:04:05");
  expect(formatKeyTime(second + 120_000_000n)).toBe("2018-08-12T12:04:05.12");
  expect(formatKeyTime(second + 1n)).toBe("2018-08-12T12:04:05.000000001");
});

test("FilesystemKeyMaker makes the poison pair only when both halves are missing", () => {
  withFolder((folder) => {
    const maker = new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
    const made = maker.getPoisonPublicKey();
    expect(maker.getPoisonPublicKey().container).toEqual(made.container);
    const path = join(folder, ".poison_key/poison_key");
    expect([modeOf(join(folder, ".poison_key")), modeOf(path)]).toEqual(["700", "600"]);
    const kept = readFileSync(path);
    rmSync(`${path}.pub`);
    expect(() => maker.getPoisonPublicKey()).toThrow(`${path}.pub does not exist`);
    expect(readFileSync(path)).toEqual(kept);
    layFile(`${path}.pub`, generateKeyPair().publicKey, 0o644);
    expect(() => maker.getPoisonPublicKey()).toThrow("do not belong together");
    rmSync(path);
    expect(() => maker.getPoisonPublicKey()).toThrow(`${path} does not exist`);
    expect(() => maker.makePoisonPair({ replace: false })).toThrow("Half of the poison key pair");
    expect(existsSync(path)).toBe(false);
    expect(maker.makePoisonPair({ replace: true }).privatePlace).toBe(path);
  });
});

test("FilesystemKeyMaker makes auth_key: 32 bytes, not encrypted, the old one kept", () => {
  withFolder((folder) => {
    const maker = new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
    const { place } = maker.makeAuthKey({ replace: false });
    expect([place, statSync(place).size, modeOf(place)]).toEqual([
      join(folder, "auth_key"),
      32,
      "600",
    ]);
    const old = readFileSync(place);
    expect(() => maker.makeAuthKey({ replace: false })).toThrow("already exists");
    const { keptPlace } = maker.makeAuthKey({ replace: true });
    expect(readFileSync(keptPlace ?? "")).toEqual(old);
    expect(readFileSync(place)).not.toEqual(old);
  });
});

testUnless(missingLinux, "FilesystemKeyMaker refuses a folder that is not exactly 0700", () => {
  withFolder((folder) => {
    chmodSync(folder, 0o755);
    expect(() => new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY })).toThrow(
      "key store folder has an incorrect permissions",
    );
  });
});

test("FilesystemKeyMaker reports in plain words what the system refuses", () => {
  withFolder((folder) => {
    layFile(join(folder, "file"), Uint8Array.of(1), 0o600);
    const masterKey = MASTER_KEY;
    const publicFolder = join(folder, "file", "below");
    const maker = new FilesystemKeyMaker({ folder, publicFolder, masterKey });
    const thrown = thrownBy(() => maker.makePair("storage", ID, { replace: false }));
    expect(thrown).toMatchObject({ name: "KeystoreError" });
    expect(thrown).toHaveProperty("message", expect.stringMatching(/^Cannot write .*: E[A-Z]+$/));
    expect(readdirSync(folder)).toEqual(["file"]);
    const long = clientId("a".repeat(250));
    const other = new FilesystemKeyMaker({ folder, masterKey });
    expect(() => other.makePair("storage", long, { replace: false })).toThrow("ENAMETOOLONG");
  });
});

test("writeMasterKeyFile writes 32 bytes with mode 0600 and replaces only when asked to", () => {
  withFolder((folder) => {
    const path = join(folder, "master.key");
    const masterKey = writeMasterKeyFile(path, { replace: false });
    expect([statSync(path).size, modeOf(path)]).toEqual([32, "600"]);
    const context = new Uint8Array();
    const sealed = masterKey.seal(Uint8Array.of(5), context);
    expect(new MasterKey(readFileSync(path)).open(sealed, context)).toEqual(Uint8Array.of(5));
    const before = readFileSync(path);
    expect(() => writeMasterKeyFile(path, { replace: false })).toThrow("already exists");
    expect(readFileSync(path)).toEqual(before);
    chmodSync(path, 0o644);
    writeMasterKeyFile(path, { replace: true });
    expect(readFileSync(path)).not.toEqual(before);
    expect(modeOf(path)).toBe("600");
    expect(() => writeMasterKeyFile(join(path, "x"), { replace: true })).toThrow("Cannot write");
  });
});

test("writeMasterKeyFile leaves devices alone", () => {
  writeMasterKeyFile("/dev/null", { replace: true });
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test("listKeys names what a folder holds, halves too, and nothing else", () => {
  withFolder((folder) => {
    const maker = new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
    maker.makePair("storage", ID, { replace: false });
    maker.makePair("storage", ID, { replace: true });
    maker.makePair("connector-transport", ID, { replace: false });
    rmSync(join(folder, ID));
    maker.makeAuthKey({ replace: false });
    maker.getPoisonPublicKey();
    layFile(join(folder, "README.md"), Uint8Array.of(1), 0o644);
    layFile(join(folder, ".tmp-00"), Uint8Array.of(1), 0o600);
    const keys = listKeys(folder).map(({ time, ...key }) => {
      expect(Math.abs(time.getTime() - Date.now())).toBeLessThan(60_000);
      return key;
    });
    expect(keys).toEqual([
      {
        kind: "poison",
        id: null,
        privateName: ".poison_key/poison_key",
        publicName: ".poison_key/poison_key.pub",
      },
      { kind: "webconfig-auth", id: null, privateName: "auth_key", publicName: null },
      { kind: "connector-transport", id: ID, privateName: null, publicName: `${ID}.pub` },
      { kind: "storage", id: ID, privateName: `${ID}_storage`, publicName: `${ID}_storage.pub` },
    ]);
    expect(() => listKeys(join(folder, "missing"))).toThrow("it does not exist");
  });
});
