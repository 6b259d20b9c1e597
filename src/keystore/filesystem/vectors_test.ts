/** Key files of the original open as it opened them, and nothing else does. */

import { expect, test } from "bun:test";
import { chmodSync } from "node:fs";
import {
  base64,
  forEachVector,
  information,
  nullable,
  text,
} from "../../../test/vectors/vectors.ts";
import { decodePrivateKey } from "../../themis/mod.ts";
import {
  clientId,
  layVectorFiles,
  rememberWarnings,
  thrownBy,
  VECTOR_FILES,
  vectorMasterKey,
  withFolder,
} from "../helpers_test.ts";
import { type KeyFiles, keyFilesOf, type OwnedKeyKind, POISON_FILES } from "../key_files.ts";
import { MasterKey } from "../master_key.ts";
import { FilesystemConnectorKeys } from "./filesystem_connector_keys.ts";
import { FilesystemKeystore } from "./filesystem_keystore.ts";
import { openPrivateKey } from "./open_key_file.ts";

const OWNED_KINDS: Readonly<Record<string, OwnedKeyKind>> = {
  connector_transport: "connector-transport",
  server_transport: "server-transport",
  translator_transport: "translator-transport",
  storage: "storage",
  zone: "zone",
};

function filesOf(kind: string, owner: string): KeyFiles {
  const owned = OWNED_KINDS[kind];
  return owned === undefined ? POISON_FILES : keyFilesOf(owned, clientId(owner));
}

test.each(VECTOR_FILES.map((file) => [file.path, file] as const))(
  "the original's key file %s has the expected name and context, and opens",
  (_path, file) => {
    const files = filesOf(file.kind, file.context_utf8);
    expect([files.privateName, files.publicName]).toEqual([file.path, file.public_path]);
    expect(new TextDecoder().decode(files.context)).toBe(file.context_utf8);
    const masterKey = vectorMasterKey();
    expect(masterKey.open(file.encrypted_b64, files.context)).toEqual(file.private_key_b64);
    const key = openPrivateKey(
      { path: file.path, bytes: file.encrypted_b64 },
      files.context,
      masterKey,
    );
    expect(key.publicKey.container.toHex()).toBe(file.public_key_b64.toHex());
  },
);

forEachVector(
  "acra",
  "keystore_negative",
  {
    encrypted_b64: base64,
    context_utf8: nullable(text),
    master_key_b64: base64,
    why: information,
    expected: text,
  },
  (vector) => {
    expect(vector.expected).toBe("decryption fails");
    const context = new TextEncoder().encode(vector.context_utf8 ?? "");
    const file = { path: "some/file", bytes: vector.encrypted_b64 };
    const thrown = thrownBy(() =>
      openPrivateKey(file, context, new MasterKey(vector.master_key_b64)),
    );
    expect(thrown).toMatchObject({ name: "KeyUnreadableError", path: "some/file" });
    expect(thrown).toHaveProperty("hint", expect.stringContaining("ACRA_MASTER_KEY"));
  },
);

test("FilesystemKeystore finds every key of a folder of the original", () => {
  withFolder((folder) => {
    layVectorFiles(folder);
    chmodSync(folder, 0o700);
    const keys = new FilesystemKeystore({
      folder,
      masterKey: vectorMasterKey(),
      cacheSize: 0,
      log: rememberWarnings(),
    });
    for (const file of VECTOR_FILES) {
      const found = {
        storage: () => keys.findStorageKey(file.context_utf8)?.publicKey,
        server_transport: () => keys.findServerTransportKey(file.context_utf8)?.publicKey,
        connector_transport: () => keys.findConnectorPublicKey(file.context_utf8),
        poison: () => keys.findPoisonKey()?.publicKey,
        zone: () => keys.findZoneKey(file.context_utf8)?.publicKey,
      }[file.kind];
      if (found !== undefined) {
        expect(found()?.container).toEqual(
          decodePrivateKey(file.private_key_b64).publicKey.container,
        );
      }
    }
  });
});

test("FilesystemConnectorKeys reads its own key and that of its peer", () => {
  withFolder((folder) => {
    layVectorFiles(folder);
    const options = {
      folder,
      clientId: clientId("client"),
      masterKey: vectorMasterKey(),
      log: rememberWarnings(),
    };
    const publicKeyOf = (kind: string) =>
      VECTOR_FILES.find(
        (file) => file.kind === kind && file.context_utf8 === "client",
      )?.public_key_b64.toHex() ?? "";
    const server = new FilesystemConnectorKeys(options);
    const translator = new FilesystemConnectorKeys({ ...options, peer: "translator" });
    expect([
      server.readClientKey().publicKey.container.toHex(),
      server.readServerPublicKey().container.toHex(),
      translator.readServerPublicKey().container.toHex(),
    ]).toEqual(
      ["connector_transport", "server_transport", "translator_transport"].map(publicKeyOf),
    );
  });
});
