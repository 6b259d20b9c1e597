import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { base64, list, number, readVector, record, text } from "../../test/vectors/vectors.ts";
import { sealCell } from "../themis/mod.ts";
import {
  AccountsError,
  checkUserName,
  findAccount,
  openAccounts,
  readAccountsFile,
  removeAccount,
  sealAccounts,
  setAccount,
  verifyPassword,
} from "./mod.ts";

const USER = record({
  line: text,
  user: text,
  password: text,
  salt: text,
  time: number,
  memory_kib: number,
  threads: number,
  length: number,
  argon2id_hash_b64: base64,
});
const VECTOR = readVector("acra", "auth", {
  auth_key_b64: base64,
  auth_key_mode: text,
  auth_file_b64: base64,
  decrypted_utf8: text,
  users: list(USER),
});
const KEY = VECTOR.auth_key_b64;
const LINES = VECTOR.decrypted_utf8;

describe("the password file of the original", () => {
  test("opens", () => {
    expect(openAccounts(VECTOR.auth_file_b64, KEY)).toBe(LINES);
  });

  test("seals to what opens again", () => {
    const sealed = sealAccounts(LINES, KEY);
    expect(sealed).toHaveLength(VECTOR.auth_file_b64.length);
    expect(openAccounts(sealed, KEY)).toBe(LINES);
  });

  test("is refused with another key, changed, or not text, in one sentence", () => {
    const other = KEY.map((byte) => byte ^ 1);
    const changed = VECTOR.auth_file_b64.slice();
    changed[60] = (changed[60] ?? 0) ^ 1;
    for (const [bytes, key] of [
      [VECTOR.auth_file_b64, other],
      [changed, KEY],
      [VECTOR.auth_file_b64.subarray(0, 50), KEY],
      [sealCell(KEY, Uint8Array.of(0xff, 0xfe)), KEY],
    ] as const) {
      expect(() => openAccounts(bytes, key)).toThrow(AccountsError);
      expect(() => openAccounts(bytes, key)).toThrow("auth_key does not fit it");
    }
  });

  test.each(VECTOR.users.map((user) => [user.user, user] as const))(
    "knows the password of %s",
    async (name, { password, salt, time, memory_kib: memory, threads, length, ...user }) => {
      expect(LINES).toContain(`${user.line}\n`);
      const account = findAccount(LINES, name);
      expect(account).toEqual({
        user: name,
        salt,
        parameters: { time, memory, threads, length },
        hash: user.argon2id_hash_b64,
      });
      expect(await verifyPassword(account, password)).toBe(true);
      expect(await verifyPassword(account, `${password}x`)).toBe(false);
      expect(await verifyPassword(account, "")).toBe(false);
    },
  );
});

test("setAccount writes a line of the original's form and leaves other lines alone", async () => {
  const added = await setAccount(LINES, "carol", "s3cret");
  expect(added.startsWith(LINES)).toBe(true);
  expect(added.slice(LINES.length)).toMatch(
    /^carol:[a-zA-Z]{16}:3,8192,2,32:[A-Za-z0-9+/]{43}=\n$/,
  );
  expect(await verifyPassword(findAccount(added, "carol"), "s3cret")).toBe(true);
  const changed = await setAccount(added, "testu", "new");
  expect(await verifyPassword(findAccount(changed, "testu"), "new")).toBe(true);
  expect(await verifyPassword(findAccount(changed, "testu"), "testp")).toBe(false);
  expect(changed.split("\n").slice(1)).toEqual(added.split("\n").slice(1));
});

test("the same password is salted anew each time", async () => {
  const one = await setAccount("", "carol", "s3cret");
  expect(await setAccount("", "carol", "s3cret")).not.toBe(one);
});

test("an unknown user is refused, also with the password that nobody has, and costs a hash", async () => {
  const known = findAccount(LINES, "testu");
  await verifyPassword(known, "warm");
  const timeOf = async (account: typeof known): Promise<number> => {
    const start = performance.now();
    for (let round = 0; round < 5; round++) {
      expect(await verifyPassword(account, "wrong")).toBe(false);
    }
    return performance.now() - start;
  };
  expect(await timeOf(null)).toBeGreaterThan((await timeOf(known)) / 4);
});

test("removeAccount removes one user and refuses an unknown one", () => {
  const rest = removeAccount(LINES, "admin");
  expect(rest).toBe(LINES.slice(0, LINES.indexOf("\n") + 1));
  expect(removeAccount(rest, "testu")).toBe("");
  expect(() => removeAccount(rest, "admin")).toThrow('user "admin" not found in file');
});

test("damaged lists are refused by the manager and passed over by the login", async () => {
  const damaged = ["a:b:c\n", "a:b:c:d:e\n", `${LINES}${LINES}`];
  for (const lines of damaged) {
    expect(() => removeAccount(lines, "admin")).toThrow("of the password file is wrong");
    await expect(setAccount(lines, "admin", "x")).rejects.toThrow(AccountsError);
  }
  expect(findAccount(`broken\n\n  ${LINES}`, "testu")?.salt).toBe("KuOyRyKYhefITSJL");
});

test.each([
  ["3,8192,2", "three numbers"],
  ["3,8192,2,32,1", "five numbers"],
  ["0,8192,2,32", "no pass"],
  ["3,8,2,32", "less memory than lanes need"],
  ["3,99999999,2,32", "all the memory there is"],
  ["9999,8192,2,32", "hours"],
  ["3,8192,2,4", "a hash of four bytes"],
  ["3,8192,2,33", "a length that is not the hash's"],
  ["3,8192,-2,32", "a negative number"],
])("findAccount answers null for the parameters %s: %s", (parameters) => {
  expect(findAccount(LINES.replace("3,8192,2,32", parameters), "testu")).toBeNull();
  expect(findAccount(LINES.replace("3,8192,2,32", parameters), "admin")).not.toBeNull();
});

test("user names that cannot be stored, and empty passwords, are refused", async () => {
  for (const user of ["", "a:b", "a\nb", "a\rb", "a\u0000", " a", "a ", "a\u2028b", "a\ud800"]) {
    expect(() => checkUserName(user)).toThrow("Invalid user name");
    await expect(setAccount("", user, "x")).rejects.toThrow("Invalid user name");
  }
  await expect(setAccount("", "carol", "")).rejects.toThrow("Empty password");
});

test("a name that is accepted is found again", () => {
  const [line = ""] = LINES.split("\n");
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (user) => {
      try {
        checkUserName(user);
      } catch {
        return;
      }
      expect(
        findAccount(
          line.replace("testu", () => user),
          user,
        )?.user,
      ).toBe(user);
    }),
  );
});

test("an empty list cannot be sealed", () => {
  expect(() => sealAccounts("", KEY)).toThrow(RangeError);
});

test("a password file that is missing is null, and anything but a file is refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "acra-accounts-"));
  try {
    expect(readAccountsFile(join(folder, "none"))).toBeNull();
    expect(() => readAccountsFile(folder)).toThrow("is not a password file");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
