/** AcraStructs: vectors, both ways of opening, and the checks before any cryptography. */

import { describe, expect, test } from "bun:test";
import {
  base64,
  forEachVector,
  hex,
  information,
  nullable,
  number,
  optional,
  plaintext,
  readVector,
  record,
  text,
} from "../../test/vectors/vectors.ts";
import { concatBytes, FormatError } from "../bytes/mod.ts";
import { decodePrivateKey, decodePublicKey, generatePrivateKey } from "../themis/mod.ts";
import {
  ACRASTRUCT_HEADER_LENGTH,
  ACRASTRUCT_MINIMUM_LENGTH,
  ACRASTRUCT_TAG,
  AcraStructError,
  findAcraStructTag,
  looksLikeAcraStruct,
  openAcraStruct,
  sealAcraStruct,
  takeAcraStruct,
  unwrapDataKey,
} from "./mod.ts";

const PAIR = record({ private_key_b64: base64, public_key_b64: base64 });
const pairs = readVector("acra", "keypairs", { a: PAIR, b: PAIR, c: PAIR });
const keys = {
  a: decodePrivateKey(pairs.a.private_key_b64),
  b: decodePrivateKey(pairs.b.private_key_b64),
  c: decodePrivateKey(pairs.c.private_key_b64),
};

function keyNamed(name: string) {
  return name === "a" ? keys.a : name === "b" ? keys.b : keys.c;
}

function kindOf(open: () => unknown): string {
  try {
    open();
    return "ok";
  } catch (error) {
    if (error instanceof AcraStructError) {
      return error.kind;
    }
    // A caller that cannot even read the private key reports the same kind.
    return error instanceof FormatError ? "key_unwrap_failed" : `not ours: ${String(error)}`;
  }
}

const ACRASTRUCT_FIELDS = {
  name: text,
  made_by: text,
  keypair: text,
  context_b64: nullable(base64),
  context_utf8: information,
  plaintext_b64: base64,
  plaintext_utf8: information,
  acrastruct_b64: base64,
  fields: optional(
    record({
      tag_hex: hex,
      ephemeral_public_key_hex: hex,
      wrapped_key_hex: hex,
      data_length_hex: hex,
      data_hex: hex,
      symmetric_key_hex: hex,
    }),
  ),
};

forEachVector("acra", "acrastructs", ACRASTRUCT_FIELDS, (vector) => {
  const { acrastruct_b64: sealed, context_b64: context, fields } = vector;
  const key = keyNamed(vector.keypair);
  expect(openAcraStruct(sealed, key, context)).toEqual(vector.plaintext_b64);
  const around = concatBytes(Uint8Array.of(0x22, 1), sealed, Uint8Array.of(0x22));
  const taken = { plaintext: vector.plaintext_b64, length: sealed.length };
  expect(takeAcraStruct(around, 2, key, context)).toEqual(taken);
  if (fields !== undefined) {
    expect(unwrapDataKey(sealed, 0, key)).toEqual(fields.symmetric_key_hex);
    expect(
      concatBytes(
        fields.tag_hex,
        fields.ephemeral_public_key_hex,
        fields.wrapped_key_hex,
        fields.data_length_hex,
        fields.data_hex,
      ),
    ).toEqual(sealed);
  }
});

const MALFORMED_FIELDS = {
  name: text,
  data_b64: base64,
  private_key_b64: base64,
  context_b64: nullable(base64),
  plaintext_b64: optional(base64),
  required: text,
  original_082: information,
  deviation: information,
  note: information,
};

/** Bytes behind an AcraStruct are no fault where it stands inside a cell. */
const FINE_INSIDE_A_CELL = ["ok", "two_concatenated", "trailing_1"];

forEachVector("acra", "malformed", MALFORMED_FIELDS, (vector) => {
  const { data_b64: data, context_b64: context } = vector;
  const open = () => openAcraStruct(data, decodePrivateKey(vector.private_key_b64), context);
  expect(kindOf(open)).toBe(vector.required);
  if (vector.required === "ok" && vector.plaintext_b64 !== undefined) {
    expect(open()).toEqual(vector.plaintext_b64);
  }
  if (!["public_as_private", "private_truncated", "private_empty"].includes(vector.name)) {
    const taken = takeAcraStruct(data, 0, decodePrivateKey(vector.private_key_b64), context);
    const fine = [vector.required, vector.name].some((word) => FINE_INSIDE_A_CELL.includes(word));
    expect(taken !== null).toBe(fine);
  }
});

const THEMIS_FIELDS = {
  name: text,
  storage_private: hex,
  storage_public: hex,
  throwaway_private: hex,
  throwaway_public: hex,
  symmetric_key: hex,
  key_iv: hex,
  data_iv: hex,
  context: nullable(hex),
  plaintext,
  acrastruct: hex,
};

forEachVector("themis", "acrastruct", THEMIS_FIELDS, ({ acrastruct, context, ...vector }) => {
  const key = decodePrivateKey(vector.storage_private);
  expect(openAcraStruct(acrastruct, key, context)).toEqual(vector.plaintext);
  expect(unwrapDataKey(acrastruct, 0, key)).toEqual(vector.symmetric_key);
});

const REJECT_FIELDS = {
  name: text,
  storage_private: hex,
  context: nullable(hex),
  acrastruct: hex,
  reason: text,
  original: information,
  accepted_by: information,
};

forEachVector("themis", "acrastruct_reject", REJECT_FIELDS, (vector) => {
  const { acrastruct, context } = vector;
  const key = decodePrivateKey(vector.storage_private);
  expect(() => openAcraStruct(acrastruct, key, context)).toThrow(AcraStructError);
});

test("an AcraStruct with any byte changed does not open, strictly or in a cell", () => {
  const fields = { storage_private: hex, context: hex, plaintext, acrastruct: hex };
  const base = readVector("themis", "acrastruct_reject_base", fields);
  const key = decodePrivateKey(base.storage_private);
  expect(openAcraStruct(base.acrastruct, key, base.context)).toEqual(base.plaintext);
  for (const [index, byte] of base.acrastruct.entries()) {
    const flipped = base.acrastruct.with(index, byte ^ (1 << (index % 8)));
    expect(() => openAcraStruct(flipped, key, base.context)).toThrow(AcraStructError);
    expect(takeAcraStruct(flipped, 0, key, base.context)).toBeNull();
  }
});

test("no cut AcraStruct is taken", () => {
  const sealed = sealAcraStruct(Uint8Array.of(1), keys.a.publicKey);
  expect(sealed).toHaveLength(ACRASTRUCT_MINIMUM_LENGTH);
  for (let length = 0; length < sealed.length; length++) {
    expect(takeAcraStruct(sealed.subarray(0, length), 0, keys.a)).toBeNull();
    expect(looksLikeAcraStruct(sealed.subarray(0, length), 0)).toBe(
      length >= ACRASTRUCT_HEADER_LENGTH,
    );
  }
});

describe("sealAcraStruct", () => {
  const message = new TextEncoder().encode("message");
  const context = Uint8Array.of(1, 2, 3);

  test("makes what the recipient opens with the same context", () => {
    const sealed = sealAcraStruct(message, decodePublicKey(pairs.a.public_key_b64), context);
    expect(sealed).toHaveLength(message.length + 189);
    expect(openAcraStruct(sealed, keys.a, context)).toEqual(message);
    expect(kindOf(() => openAcraStruct(sealed, keys.a))).toBe("data_decrypt_failed");
    expect(kindOf(() => openAcraStruct(sealed, keys.b, context))).toBe("key_unwrap_failed");
  });

  test("draws new keys each time", () => {
    const [one, two] = [1, 2].map(() => sealAcraStruct(message, keys.a.publicKey));
    expect(one?.subarray(8, 53)).not.toEqual(two?.subarray(8, 53));
    expect(one?.subarray(145)).not.toEqual(two?.subarray(145));
  });

  test("refuses to seal nothing", () => {
    const { expected } = readVector("acra", "acrastruct_empty_payload", {
      expected: text,
      original_error: text,
    });
    expect(expected).toStartWith("creation refused");
    expect(() => sealAcraStruct(new Uint8Array(), keys.a.publicKey)).toThrow(RangeError);
  });
});

test("only one layer is removed", () => {
  const inner = sealAcraStruct(Uint8Array.of(1), keys.a.publicKey);
  const outer = sealAcraStruct(inner, keys.a.publicKey);
  expect(takeAcraStruct(outer, 0, keys.a)?.plaintext).toEqual(inner);
});

test("candidates that cannot be an AcraStruct cost no scalar multiplication", () => {
  let agreements = 0;
  const real = generatePrivateKey();
  const counting = {
    publicKey: real.publicKey,
    sign: (message: Uint8Array) => real.sign(message),
    agree: (peer: typeof real.publicKey) => {
      agreements++;
      return real.agree(peer);
    },
  };
  const sealed = sealAcraStruct(Uint8Array.of(1, 2), real.publicKey);
  for (const index of [
    0, 8, 11, 15, 18, 30, 53, 57, 61, 65, 69, 73, 137, 144, 145, 149, 153, 157,
  ]) {
    expect(takeAcraStruct(sealed.with(index, 0x5a), 0, counting)).toBeNull();
  }
  expect(takeAcraStruct(sealed.subarray(0, -1), 0, counting)).toBeNull();
  expect(agreements).toBe(0);
  expect(takeAcraStruct(sealed, 0, counting)?.plaintext).toEqual(Uint8Array.of(1, 2));
  expect(agreements).toBe(1);
});

test("AcraStructError says the same whatever the kind", () => {
  const messages = new Set(
    [new AcraStructError("bad_tag"), new AcraStructError("key_unwrap_failed")].map(String),
  );
  expect(messages.size).toBe(1);
});

const SEARCH_FIELDS = { symbol: number, count: number, block_b64: base64, index: number };

forEachVector("acra", "tag_search", SEARCH_FIELDS, ({ symbol, count, block_b64: block, index }) => {
  if (count !== ACRASTRUCT_TAG.length) {
    expect(symbol, "the tag in hexadecimal text is looked for by the pipeline").toBe(0x32);
    return;
  }
  // The tag of zone ids is another run of eight: ours stands in for it.
  const bytes = block.map((byte) => (byte === symbol ? 0x22 : byte));
  expect(findAcraStructTag(bytes, 0)).toBe(index);
});

test("findAcraStructTag begins where it is told to", () => {
  const bytes = concatBytes(Uint8Array.of(1), ACRASTRUCT_TAG, Uint8Array.of(2), ACRASTRUCT_TAG);
  expect([0, 1, 2, 10, 11].map((from) => findAcraStructTag(bytes, from))).toEqual([
    1, 1, 10, 10, -1,
  ]);
});
