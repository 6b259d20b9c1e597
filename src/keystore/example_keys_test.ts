/** The example keys are the ones that the code knows, open with the master key of their README, and raise the alarm. */

import { expect, test } from "bun:test";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { generateKeyPair } from "../themis/mod.ts";
import { isExampleKey } from "./example_keys.ts";
import { FilesystemConnectorKeys } from "./filesystem/filesystem_connector_keys.ts";
import { FilesystemKeystore } from "./filesystem/filesystem_keystore.ts";
import { clientId, rememberWarnings, withFolder } from "./helpers_test.ts";
import { readMasterKey } from "./master_key.ts";

const EXAMPLE = join(import.meta.dir, "..", "..", "keys.example");
const ID = clientId("testclientid");
const PUBLIC_FILES = readdirSync(EXAMPLE, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".pub"),
);

/** The throw-away master key, as the README tells to export it. */
function exampleMasterKey() {
  const readme = readFileSync(join(EXAMPLE, "README.md"), "utf8");
  const [, value] = readme.match(/^export ACRA_MASTER_KEY=(\S+)$/m) ?? [];
  return readMasterKey({ ACRA_MASTER_KEY: value });
}

/** The example keys with the modes that git does not keep. */
function withExampleKeys(body: (folder: string) => void): void {
  withFolder((folder) => {
    cpSync(EXAMPLE, folder, { recursive: true });
    expect(Bun.spawnSync(["chmod", "-R", "u=rwX,go=", folder]).success).toBe(true);
    body(folder);
  });
}

test("isExampleKey knows every public key of keys.example and no other", () => {
  expect(PUBLIC_FILES.length).toBe(3);
  for (const name of PUBLIC_FILES) {
    expect([name, isExampleKey(readFileSync(join(EXAMPLE, name)))]).toEqual([name, true]);
  }
  expect(isExampleKey(generateKeyPair().publicKey)).toBe(false);
});

test("FilesystemKeystore opens the example keys and warns once, when it is made", () => {
  withExampleKeys((parent) => {
    const folder = join(parent, "acra-server");
    const log = rememberWarnings();
    const masterKey = exampleMasterKey();
    const keys = new FilesystemKeystore({ folder, masterKey, cacheSize: 0, log });
    expect(log.warnings).toEqual([expect.stringContaining("THESE KEYS ARE PUBLIC")]);
    for (const key of [keys.findStorageKey(ID), keys.findServerTransportKey(ID)]) {
      expect(isExampleKey(key?.publicKey.container ?? new Uint8Array())).toBe(true);
    }
    expect(keys.findConnectorPublicKey(ID)).not.toBeNull();
    expect(log.warnings.length).toBe(1);
  });
});

test("FilesystemConnectorKeys opens the example keys and warns once", () => {
  withExampleKeys((parent) => {
    const log = rememberWarnings();
    const keys = new FilesystemConnectorKeys({
      folder: join(parent, "acra-connector"),
      clientId: ID,
      masterKey: exampleMasterKey(),
      log,
    });
    keys.readClientKey();
    keys.readServerPublicKey();
    expect(log.warnings).toEqual([expect.stringContaining("keys.example")]);
  });
});
