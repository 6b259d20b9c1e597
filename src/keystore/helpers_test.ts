/** Folders, keys and logs for the tests of this folder. */

import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { base64, readVectors, text } from "../../test/vectors/vectors.ts";
import type { Logger } from "../log/mod.ts";
import { type ClientId, isValidClientId } from "./client_id.ts";
import { MasterKey } from "./master_key.ts";

/** The key files that the original made. */
export const VECTOR_FILES = readVectors("acra", "keystore_files", {
  path: text,
  kind: text,
  mode: text,
  context_utf8: text,
  encrypted_b64: base64,
  private_key_b64: base64,
  public_path: text,
  public_mode: text,
  public_key_b64: base64,
});

/** The master key of {@link VECTOR_FILES}. */
export function vectorMasterKey(): MasterKey {
  return new MasterKey(Uint8Array.fromBase64("y6JUAnAdJzeKRA1rJ7Mntzya7wAludlUO3VgQ0y0LWM="));
}

/** Runs the body with a fresh folder of mode 0700 that is removed afterwards. */
export function withFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "acra-keystore-"));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes a file with exactly this mode, and its folder with 0700. */
export function layFile(path: string, bytes: Uint8Array, mode: number): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, bytes);
  chmodSync(path, mode);
}

/** Lays the original's key files into a folder. */
export function layVectorFiles(folder: string): void {
  for (const file of VECTOR_FILES) {
    layFile(join(folder, file.path), file.encrypted_b64, Number.parseInt(file.mode, 8));
    layFile(
      join(folder, file.public_path),
      file.public_key_b64,
      Number.parseInt(file.public_mode, 8),
    );
  }
}

/** A checked id. */
export function clientId(id: string): ClientId {
  if (!isValidClientId(id)) {
    throw new TypeError(`"${id}" is no client id`);
  }
  return id;
}

/** A logger that remembers its warnings. */
export function rememberWarnings(): Logger & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const ignore = () => {};
  return {
    warnings,
    debug: ignore,
    info: ignore,
    warning: (message) => void warnings.push(message),
    error: ignore,
  };
}

/** What a function throws; fails when it does not. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

test("the vectors hold key files of every kind", () => {
  expect([...new Set(VECTOR_FILES.map((file) => file.kind))].toSorted()).toEqual([
    "connector_transport",
    "poison",
    "server_transport",
    "storage",
    "translator_transport",
    "zone",
  ]);
});
