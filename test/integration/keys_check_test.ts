/** A key folder as an ordinary user finds it: what that user cannot read is a fault and not an accident. */

import { expect, test } from "bun:test";
import { chmodSync, chownSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { makeKeys, reachableAcraCommand } from "../harness/acra.ts";
import { runProcess } from "../harness/process.ts";
import { testUnless } from "../harness/skip.ts";
import { findUnprivilegedUser } from "../harness/users.ts";

const user = findUnprivilegedUser();
const acra = reachableAcraCommand();
const needsRoot = findReason();

function findReason(): string | null {
  if (user === null) {
    return "needs root, to give files to another user";
  }
  return acra === null ? "other users may not enter this folder; needs a binary to copy" : null;
}

async function checkServer(folder: string, masterKey: string) {
  const command = [...(acra ?? []), "keys", "check", folder, "--for=server", "--json"];
  const { status, stdout, stderr } = await runProcess(command, {
    user,
    cwd: "/",
    env: { ACRA_MASTER_KEY: masterKey },
  });
  const result: unknown = stdout === "" ? null : JSON.parse(stdout);
  return { status, stderr, result };
}

testUnless(needsRoot, "an ordinary user who owns the folder finds no fault", async () => {
  const keys = await makeKeys();
  giveTo(keys.serverFolder);
  expect(await checkServer(keys.serverFolder, keys.masterKey)).toMatchObject({
    status: 0,
    result: { OK: true, Keys: 3 },
  });
});

testUnless(needsRoot, "a file that belongs to root is a fault for an ordinary user", async () => {
  const keys = await makeKeys();
  giveTo(keys.serverFolder);
  const file = `${keys.clientId}_storage`;
  chownSync(join(keys.serverFolder, file), 0, 0);
  const finding = (Kind: string) =>
    expect.objectContaining({ Severity: "fault", Kind, File: file });
  expect(await checkServer(keys.serverFolder, keys.masterKey)).toMatchObject({
    status: 1,
    result: { OK: false, Findings: [finding("foreign-owner"), finding("unreadable")] },
  });
});

testUnless(
  needsRoot,
  "a folder that an ordinary user may not enter is one line of error",
  async () => {
    const keys = await makeKeys();
    chmodSync(keys.folder, 0o711);
    const { status, stderr } = await checkServer(keys.serverFolder, keys.masterKey);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^error: Cannot list the key folder .*: permission denied\nhint: /);
  },
);

test("there is a user to check with, or a reason why not", () => {
  expect(user === null || acra === null).toBe(needsRoot !== null);
});

function giveTo(folder: string): void {
  if (user === null) {
    return;
  }
  chmodSync(join(folder, ".."), 0o711);
  for (const name of readdirSync(folder)) {
    chownSync(join(folder, name), user.uid, user.gid);
  }
  chownSync(folder, user.uid, user.gid);
}
