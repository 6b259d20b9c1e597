/** The master key: vectors of the original, exact messages, and that nothing shows it. */

import { expect, test } from "bun:test";
import { inspect } from "node:util";
import {
  base64,
  boolean,
  forEachVector,
  information,
  number,
  optional,
  readVector,
  text,
} from "../../test/vectors/vectors.ts";
import { decodeBase64 } from "./base64.ts";
import { MasterKeyError } from "./errors.ts";
import { thrownBy } from "./helpers_test.ts";
import { MasterKey, readMasterKey } from "./master_key.ts";

forEachVector(
  "acra",
  "master_key_env_cases",
  {
    env: text,
    ok: boolean,
    length: optional(number),
    error: optional(text),
    note: information,
  },
  ({ env, ok, length, error }) => {
    if (ok) {
      expect(readMasterKey({ ACRA_MASTER_KEY: env })).toBeInstanceOf(MasterKey);
      expect(decodeBase64(env).bytes?.length).toBe(length);
      expect(decodeBase64(env).bytes).toEqual(new Uint8Array(Buffer.from(env, "base64")));
      return;
    }
    const thrown = thrownBy(() => readMasterKey({ ACRA_MASTER_KEY: env }));
    expect(thrown).toBeInstanceOf(MasterKeyError);
    if (error !== undefined) {
      expect(thrown).toHaveProperty("message", error);
    }
  },
);

test("readMasterKey calls a missing variable empty and says how to make one", () => {
  const thrown = thrownBy(() => readMasterKey({}));
  expect(thrown).toMatchObject({ message: "master key is empty", isMissing: true });
  expect(thrown).toHaveProperty("hint", expect.stringContaining("--master_key_path"));
});

test("readMasterKey names the byte at which base64 goes wrong", () => {
  const good = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
  for (const [env, offset] of [
    [` ${good}`, 0],
    [`${good.slice(0, 10)} ${good.slice(10)}`, 10],
    [`${good.slice(0, 10)}\n${good.slice(10)} `, 45],
    [good.slice(0, -1), 40],
    [`${good}=`, 44],
    [`${good}A`, 44],
    ["QQ==", null],
    ["QQ=", 3],
    ["QQ=A", 2],
    ["Q===", 1],
    ["=", 0],
    ["QUJD_w==", 4],
    ["QUJDé", 4],
    ["Q", 0],
    ["QUJDQ\n", 5],
  ] as const) {
    const message =
      offset === null
        ? "master key must have 32 length in bytes"
        : `illegal base64 data at input byte ${offset}`;
    expect([env, thrownBy(() => readMasterKey({ ACRA_MASTER_KEY: env }))]).toEqual([
      env,
      expect.objectContaining({ message }),
    ]);
  }
});

test("MasterKey uses all bytes of a key longer than 32", () => {
  const vector = readVector("acra", "keystore_long_master", {
    master_key_b64: base64,
    context_utf8: text,
    encrypted_b64: base64,
    private_key_b64: base64,
  });
  const context = new TextEncoder().encode(vector.context_utf8);
  const key = new MasterKey(vector.master_key_b64);
  expect(key.open(vector.encrypted_b64, context)).toEqual(vector.private_key_b64);
  const cut = new MasterKey(vector.master_key_b64.subarray(0, 32));
  expect(() => cut.open(vector.encrypted_b64, context)).toThrow("Cannot decrypt");
});

test("MasterKey is shown by nothing that prints or copies objects", () => {
  const env = Buffer.alloc(32, 0xab).toString("base64");
  const key = readMasterKey({ ACRA_MASTER_KEY: env });
  const shown = [
    String(key),
    `${key}`,
    JSON.stringify({ key }),
    inspect(key, { showHidden: true, depth: null }),
    Bun.inspect(key),
    JSON.stringify({ ...key }),
    JSON.stringify(Object.getOwnPropertyNames(key)),
    inspect(structuredClone({ ...key })),
  ].join("\n");
  expect(shown).not.toMatch(/171|0xab|abab|q6ur/i);
});

test("MasterKey keeps a copy: the caller may wipe what it passed", () => {
  const bytes = new Uint8Array(32).fill(7);
  const key = new MasterKey(bytes);
  const context = new Uint8Array();
  const sealed = key.seal(Uint8Array.of(1, 2, 3), context);
  bytes.fill(0);
  expect(key.open(sealed, context)).toEqual(Uint8Array.of(1, 2, 3));
});
