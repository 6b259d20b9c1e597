import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePrivateKey, decodePublicKey, generateKeyPair } from "../../themis/mod.ts";
import { isValidClientId } from "../client_id.ts";
import { FilesystemKeyMaker } from "../filesystem/filesystem_key_maker.ts";
import { keyFilesOf } from "../key_files.ts";
import { parseKeyId } from "../key_id.ts";
import { MasterKey } from "../master_key.ts";
import { findKeyPlaces, removeKeyPlaces } from "./destroy_key.ts";
import { importPublicKey, readPrivateContainer, readPublicHalf } from "./exchange_keys.ts";
import {
  formatPublicKeyBundle,
  type NamedPublicKey,
  parsePublicKeys,
} from "./public_key_bundle.ts";

const MASTER_KEY = new MasterKey(new Uint8Array(32).fill(5));
const OTHER_MASTER_KEY = new MasterKey(new Uint8Array(32).fill(6));

function nameOf(text: string) {
  const name = parseKeyId(text);
  if (name === null) {
    throw new TypeError(text);
  }
  return name;
}

const STORAGE = nameOf("client/shop1/storage");
const { id: CLIENT } = STORAGE;
if (CLIENT === null || !isValidClientId(CLIENT)) {
  throw new TypeError("the test's own client id");
}
const FILES = keyFilesOf("storage", CLIENT);
const NEW_KEY = decodePublicKey(generateKeyPair().publicKey);

let folder = "";
let maker: FilesystemKeyMaker;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "acra-exchange-"));
  maker = new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
});
afterEach(() => rmSync(folder, { recursive: true }));

function makePair(replace = false): void {
  if (CLIENT !== null) {
    maker.makePair("storage", CLIENT, { replace });
  }
}

describe("a bundle of public keys", () => {
  const keys: readonly NamedPublicKey[] = [
    { name: STORAGE, publicKey: NEW_KEY },
    { name: nameOf("zone/DDDDDDDDabcdefghabcdefgh/storage"), publicKey: NEW_KEY },
  ];
  const text = formatPublicKeyBundle(keys);
  const parse = (changed: string) => parsePublicKeys(new TextEncoder().encode(changed), null);
  const idsOf = (parsed: readonly NamedPublicKey[]) => parsed.map(({ name }) => name.kind);

  test("comes back as it went", () => {
    const parsed = parse(text);
    expect(idsOf(parsed)).toEqual(["storage", "zone"]);
    expect(parsed[0]?.publicKey.container).toEqual(NEW_KEY.container);
  });

  test("gives one key of many", () => {
    expect(idsOf(parsePublicKeys(new TextEncoder().encode(text), STORAGE))).toEqual(["storage"]);
  });

  test.each([
    ["a changed fingerprint", text.replace(/"fingerprint": "../, '"fingerprint": "zz')],
    ["a changed key", text.replace(/VUVD(.)/, "VUVE$1")],
    ["an id that is none", text.replaceAll("client/shop1", "client/../x")],
    ["another version", text.replace('"version": 1', '"version": 2')],
    ["another format", text.replace("acra public keys", "other")],
    ["half of it", text.slice(0, 60)],
    ["a list that is none", '{"format":"acra public keys","version":1,"keys":{}}'],
    ["an entry that is none", '{"format":"acra public keys","version":1,"keys":[null]}'],
  ])("with %s is refused", (_about, changed) => {
    expect(changed).not.toBe(text);
    expect(() => parse(changed)).toThrow("What is to be imported");
  });

  test("may be one key, raw or in base64, for who says whose it is", () => {
    const { container } = NEW_KEY;
    const base64 = new TextEncoder().encode(`${container.toBase64()}\n`);
    for (const bytes of [container, base64]) {
      expect(parsePublicKeys(bytes, STORAGE)[0]?.publicKey.container).toEqual(container);
      expect(() => parsePublicKeys(bytes, null)).toThrow("does not say whose it is");
    }
    for (const bytes of [generateKeyPair().privateKey, container.subarray(1), new Uint8Array()]) {
      expect(() => parsePublicKeys(bytes, STORAGE)).toThrow("no public key");
    }
  });
});

describe("importPublicKey", () => {
  const path = () => join(folder, FILES.publicName);

  test("adds a key, and knows it the second time", () => {
    const options = { replace: false, masterKey: null };
    expect(importPublicKey(folder, FILES, NEW_KEY, options).outcome).toBe("added");
    expect(statSync(path()).mode & 0o777).toBe(0o644);
    expect(new Uint8Array(readFileSync(path()))).toEqual(new Uint8Array(NEW_KEY.container));
    expect(importPublicKey(folder, FILES, NEW_KEY, options).outcome).toBe("known");
  });

  test("replaces another key only when told to, and keeps it", () => {
    writeFileSync(path(), generateKeyPair().publicKey);
    const before = readFileSync(path());
    expect(() =>
      importPublicKey(folder, FILES, NEW_KEY, { replace: false, masterKey: null }),
    ).toThrow("holds another public key");
    expect(readFileSync(path())).toEqual(before);
    const { outcome, keptPlace } = importPublicKey(folder, FILES, NEW_KEY, {
      replace: true,
      masterKey: null,
    });
    expect(outcome).toBe("replaced");
    expect(readFileSync(keptPlace ?? "")).toEqual(before);
  });

  test("never parts a private key from its twin, whatever it is told", () => {
    makePair();
    const twin = readPublicHalf(folder, FILES, null);
    const options = { replace: true, masterKey: MASTER_KEY };
    expect(() => importPublicKey(folder, FILES, NEW_KEY, options)).toThrow(
      "has another public key",
    );
    rmSync(path());
    expect(() => importPublicKey(folder, FILES, NEW_KEY, options)).toThrow(
      "has another public key",
    );
    expect(() => importPublicKey(folder, FILES, twin, { replace: false, masterKey: null })).toThrow(
      "only the master key tells",
    );
    expect(importPublicKey(folder, FILES, twin, options).outcome).toBe("added");
  });
});

describe("reading one key", () => {
  test("the public half comes from the private one when need be", () => {
    makePair();
    const { container } = readPublicHalf(folder, FILES, null);
    rmSync(join(folder, FILES.publicName));
    expect(() => readPublicHalf(folder, FILES, null)).toThrow("No storage key");
    expect(readPublicHalf(folder, FILES, MASTER_KEY).container).toEqual(container);
  });

  test("the private container is the one whose twin is the public key", () => {
    makePair();
    const container = readPrivateContainer(folder, FILES, MASTER_KEY);
    expect(decodePrivateKey(container).publicKey.container).toEqual(
      readPublicHalf(folder, FILES, null).container,
    );
    expect(() => readPrivateContainer(folder, FILES, OTHER_MASTER_KEY)).toThrow(
      "does not fit the master key",
    );
  });
});

test("destroying a key removes both halves, and older ones only when told to", () => {
  makePair();
  makePair(true);
  const { current, old } = findKeyPlaces(folder, STORAGE);
  expect(current).toEqual([FILES.publicName, FILES.privateName].map((name) => join(folder, name)));
  expect(old).toHaveLength(2);
  removeKeyPlaces(current);
  expect(current.some((path) => existsSync(path))).toBe(false);
  expect(old.every((path) => existsSync(path))).toBe(true);
  removeKeyPlaces(findKeyPlaces(folder, STORAGE).old);
  expect(findKeyPlaces(folder, STORAGE)).toEqual({ current: [], old: [] });
});
