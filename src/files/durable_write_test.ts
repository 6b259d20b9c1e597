/** Durable writing: modes, what is in the way, whole content. */

import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syncFolder, writeNewFile } from "./mod.ts";

function withFolder(body: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "acra-files-"));
  try {
    body(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("writeNewFile() writes all bytes with the mode that was asked for", () => {
  withFolder((folder) => {
    const path = join(folder, "key");
    const bytes = new Uint8Array(3_000_000).fill(7);
    writeNewFile(path, bytes, 0o600);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

test("writeNewFile() refuses a file that exists and leaves it as it is", () => {
  withFolder((folder) => {
    const path = join(folder, "key");
    writeFileSync(path, "old");
    expect(() => writeNewFile(path, new Uint8Array(1), 0o600)).toThrow("EEXIST");
    expect(readFileSync(path, "utf8")).toBe("old");
  });
});

test("syncFolder() is silent about a folder that is not there", () => {
  expect(() => syncFolder("/nonexistent/folder")).not.toThrow();
});
