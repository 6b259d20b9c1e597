/** The key folder of the vectors, written as a server wants to find it. */

import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import acraVectors from "../vectors/acra.json";
import type { AcraKeys } from "./acra.ts";
import { makeTemporaryFolder } from "./reaper.ts";

/** Lays all keys of `acra.json` into one fresh folder, which serves server and connector alike. */
export function layVectorKeys(clientId: string): AcraKeys {
  const folder = makeTemporaryFolder();
  let storagePublicKey: Uint8Array = new Uint8Array();
  for (const file of acraVectors.keystore_files) {
    const path = join(folder, file.path);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, Buffer.from(file.encrypted_b64, "base64"), { mode: 0o600 });
    const publicKey = Buffer.from(file.public_key_b64, "base64");
    writeFileSync(join(folder, file.public_path), publicKey, { mode: 0o644 });
    if (file.path === `${clientId}_storage`) {
      storagePublicKey = publicKey;
    }
  }
  chmodSync(folder, 0o700);
  return {
    clientId,
    folder,
    serverFolder: folder,
    connectorFolder: folder,
    storagePublicKey,
    masterKey: acraVectors.master_key_b64,
  };
}
