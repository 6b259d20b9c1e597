import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { AcraStructError, openAcraStruct } from "../acrastruct/mod.ts";
import { decodePrivateKey, generateKeyPair } from "../themis/mod.ts";
import * as writer from "./mod.ts";

const { createAcrastruct, WriterError } = writer;
const pair = generateKeyPair();
const key = decodePrivateKey(pair.privateKey);
const text = new TextEncoder();

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof WriterError) {
      return error.code;
    }
    throw error;
  }
  return "nothing thrown";
}

describe("createAcrastruct", () => {
  test("createAcrastruct makes what the storage key opens, 189 bytes longer than the data", () => {
    const data = Uint8Array.from({ length: 1000 }, (_, i) => i % 256);
    const acraStruct = createAcrastruct(data, pair.publicKey);
    expect(acraStruct.length).toBe(1189);
    expect(openAcraStruct(acraStruct, key)).toEqual(data);
  });

  test("createAcrastruct takes text as UTF-8", () => {
    const acraStruct = createAcrastruct("naïve 🔑", pair.publicKey);
    expect(openAcraStruct(acraStruct, key)).toEqual(text.encode("naïve 🔑"));
  });

  test("createAcrastruct never makes the same bytes twice", () => {
    const [a, b] = [1, 2].map(() => createAcrastruct("same", pair.publicKey));
    expect(a?.toHex()).not.toBe(b?.toHex() ?? "");
    expect(a?.slice(8, 53).toHex()).not.toBe(b?.slice(8, 53).toHex() ?? "");
  });

  test("createAcrastruct binds a context, given as bytes or as text", () => {
    for (const context of ["zone", text.encode("zone")]) {
      const acraStruct = createAcrastruct("data", pair.publicKey, context);
      expect(openAcraStruct(acraStruct, key, text.encode("zone"))).toEqual(text.encode("data"));
      expect(() => openAcraStruct(acraStruct, key)).toThrow(AcraStructError);
      expect(() => openAcraStruct(acraStruct, key, text.encode("other"))).toThrow(AcraStructError);
    }
  });

  test("createAcrastruct takes undefined, null and empty contexts as none", () => {
    for (const context of [undefined, null, "", new Uint8Array(0)]) {
      const acraStruct = createAcrastruct("data", pair.publicKey, context);
      expect(openAcraStruct(acraStruct, key)).toEqual(text.encode("data"));
    }
  });

  test("createAcrastruct takes bytes of another realm and a Buffer", () => {
    const foreign = runInNewContext("Uint8Array.of(100, 97, 116, 97)");
    expect(foreign).not.toBeInstanceOf(Uint8Array);
    for (const data of [foreign, Buffer.from("data")]) {
      const acraStruct = createAcrastruct(data, Buffer.from(pair.publicKey));
      expect(openAcraStruct(acraStruct, key)).toEqual(text.encode("data"));
    }
  });

  test("createAcrastruct refuses empty data", () => {
    expect(codeOf(() => createAcrastruct("", pair.publicKey))).toBe("EMPTY_DATA");
    expect(codeOf(() => createAcrastruct(new Uint8Array(0), pair.publicKey))).toBe("EMPTY_DATA");
  });

  test("createAcrastruct refuses what is no public key", () => {
    const flipped = Uint8Array.from(pair.publicKey);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const surplus = Uint8Array.of(...pair.publicKey, 0);
    const wrong = [flipped, surplus, pair.publicKey.slice(1), pair.privateKey, new Uint8Array(0)];
    for (const publicKey of wrong) {
      expect(codeOf(() => createAcrastruct("data", publicKey))).toBe("WRONG_PUBLIC_KEY");
    }
    const asText: unknown = Buffer.from(pair.publicKey).toString("base64");
    // A caller without types may pass the key as it lies in a text file.
    expect(codeOf(() => Reflect.apply(createAcrastruct, null, ["data", asText]))).toBe(
      "WRONG_PUBLIC_KEY",
    );
  });

  test("createAcrastruct refuses data of another kind, so that nothing is protected by mistake", () => {
    for (const data of [null, undefined, 12, {}, [1, 2], new Uint16Array(4)]) {
      expect(() => Reflect.apply(createAcrastruct, null, [data, pair.publicKey])).toThrow(
        TypeError,
      );
    }
  });

  test("the errors tell neither data nor key", () => {
    const secret = "4929127340961111";
    const publicKey = Uint8Array.from(pair.publicKey).reverse();
    try {
      createAcrastruct(secret, publicKey);
    } catch (error) {
      const told = Bun.inspect(error);
      expect(told).not.toContain(secret);
      expect(told).not.toContain(publicKey.toHex().slice(0, 20));
    }
    expect.assertions(2);
  });
});

test("create_acrastruct and create_acra_struct are createAcrastruct", () => {
  expect(writer.create_acrastruct).toBe(createAcrastruct);
  expect(writer.create_acra_struct).toBe(createAcrastruct);
});

test("the example in the documentation of createAcrastruct runs", async () => {
  const page = readFileSync(join(import.meta.dir, "create_acrastruct.ts"), "utf8");
  const example = page.match(/```ts\n([\s\S]*?) \* ```/)?.[1]?.replaceAll(/^ \* /gm, "") ?? "";
  const written: unknown[] = [];
  const sql = async (_: TemplateStringsArray, value: unknown): Promise<void> => {
    written.push(value);
  };
  const run = new Function(
    "createAcrastruct",
    "storagePublicKey",
    "sql",
    `return (async () => { ${example} })()`,
  );
  await run(createAcrastruct, pair.publicKey, sql);
  expect(written).toHaveLength(1);
  const [acraStruct] = written;
  expect(acraStruct).toBeInstanceOf(Uint8Array);
  expect(
    openAcraStruct(acraStruct instanceof Uint8Array ? acraStruct : new Uint8Array(), key),
  ).toEqual(text.encode("4929 1273 4096 1111"));
});
