/** Folders that are broken in every way that a person breaks them, and what is said about each. */

import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { missingRoot, testUnless } from "../../../test/harness/skip.ts";
import { generateKeyPair } from "../../themis/mod.ts";
import { type ClientId, isValidClientId } from "../client_id.ts";
import { FilesystemKeyMaker } from "../filesystem/filesystem_key_maker.ts";
import { layOutKeys } from "../filesystem/layout.ts";
import { MasterKey } from "../master_key.ts";
import { checkKeyFolder } from "./check_key_folder.ts";
import type { Finding } from "./finding.ts";
import type { Holder } from "./holders.ts";

const MASTER_KEY = new MasterKey(new Uint8Array(32).fill(5));
const CLIENT = toClientId("shop1");

let root = "";
let server = "";
let connector = "";
let writer = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "acra-check-"));
  const options = { clientId: CLIENT, masterKey: MASTER_KEY, translator: true, replace: false };
  layOutKeys({ folder: root, ...options });
  [server = "", connector = "", writer = ""] = ["server", "connector", "writer"].map((name) =>
    join(root, `acra-${name}`),
  );
});

afterEach(() => rmSync(root, { recursive: true }));

function toClientId(id: string): ClientId {
  if (!isValidClientId(id)) {
    throw new TypeError(id);
  }
  return id;
}

function makerFor(folder: string): FilesystemKeyMaker {
  return new FilesystemKeyMaker({ folder, masterKey: MASTER_KEY });
}

interface Options {
  readonly masterKey?: MasterKey | null;
  readonly clientId?: ClientId;
  readonly transportKeys?: boolean;
}

function findingsOf(folder: string, holder: Holder, options: Options = {}): readonly Finding[] {
  return checkKeyFolder({
    folder,
    holder,
    masterKey: MASTER_KEY,
    clientId: null,
    transportKeys: true,
    ...options,
  }).findings;
}

/** `fault too-open shop1_server`, one for each finding. */
function check(folder: string, holder: Holder, options: Options = {}): string[] {
  return findingsOf(folder, holder, options).map(
    ({ severity, kind, file }) => `${severity} ${kind} ${file}`,
  );
}

test("folders as they are laid out have no fault", () => {
  makerFor(server).makePoisonPair({ replace: false });
  makerFor(server).makeAuthKey({ replace: false });
  makerFor(server).makeZone();
  expect(check(server, "server")).toEqual([]);
  expect(check(connector, "connector")).toEqual([]);
  expect(check(writer, "writer")).toEqual([]);
  expect(check(join(root, "acra-translator"), "translator")).toEqual([]);
});

test("keys that were replaced are no fault where they may lie", () => {
  makerFor(server).makePair("storage", CLIENT, { replace: true });
  expect(check(server, "server")).toEqual([]);
});

test("what is missing is named for each client", () => {
  rmSync(join(server, "shop1_server"));
  rmSync(join(server, "shop1.pub"));
  expect(check(server, "server")).toEqual([
    "fault missing shop1_server",
    "fault missing shop1.pub",
  ]);
  expect(check(server, "server", { transportKeys: false })).toEqual([]);
  rmSync(join(server, "shop1_storage"));
  expect(check(server, "server")).toEqual(["fault missing ."]);
  expect(check(server, "server", { clientId: CLIENT, transportKeys: false })).toEqual([
    "fault missing shop1_storage",
  ]);
});

test("a connector needs the key of a server or a translator", () => {
  rmSync(join(connector, "shop1_server.pub"));
  expect(check(connector, "connector")).toEqual([]);
  rmSync(join(connector, "shop1_translator.pub"));
  expect(check(connector, "connector")).toEqual(["fault missing shop1_server.pub"]);
});

test("a writer needs a public key, and that of the client who is asked for", () => {
  const other = toClientId("other");
  expect(check(writer, "writer", { clientId: other })).toEqual(["fault missing other_storage.pub"]);
  rmSync(join(writer, "shop1_storage.pub"));
  expect(check(writer, "writer")).toEqual(["fault missing ."]);
});

test("a zone without its private key is a fault, and with zones a client may have no storage key", () => {
  const { zoneId } = makerFor(server).makeZone();
  rmSync(join(server, "shop1_storage"));
  expect(check(server, "server")).toEqual(["warning missing shop1_storage"]);
  rmSync(join(server, `${zoneId}_zone`));
  expect(check(server, "server")).toEqual([
    `fault missing ${zoneId}_zone`,
    "warning missing shop1_storage",
  ]);
});

test("private keys and folders that others could read are faults", () => {
  chmodSync(join(server, "shop1_storage"), 0o640);
  chmodSync(server, 0o750);
  expect(check(server, "server")).toEqual(["fault too-open .", "fault too-open shop1_storage"]);
});

test("public keys that others could replace are faults, for a writer the folder too", () => {
  chmodSync(join(writer, "shop1_storage.pub"), 0o666);
  chmodSync(writer, 0o777);
  expect(check(writer, "writer")).toEqual(["fault too-open .", "fault too-open shop1_storage.pub"]);
  chmodSync(writer, 0o755);
  chmodSync(join(writer, "shop1_storage.pub"), 0o644);
  expect(check(writer, "writer")).toEqual([]);
});

test("another master key, a damaged file and a file of another client cannot be used", () => {
  const other = new MasterKey(new Uint8Array(32).fill(6));
  expect(check(server, "server", { masterKey: other })).toEqual([
    "fault does-not-open shop1_server",
    "fault does-not-open shop1_storage",
  ]);
  writeFileSync(join(server, "shop1.pub"), "nonsense");
  copyFileSync(join(server, "shop1_storage"), join(server, "other_storage"));
  const options = { transportKeys: false };
  expect(check(server, "server", options)).toEqual([
    "fault does-not-open other_storage",
    "fault unreadable shop1.pub",
  ]);
});

test("without the master key the rest is checked, and that is said", () => {
  chmodSync(join(server, "shop1_storage"), 0o644);
  expect(check(server, "server", { masterKey: null })).toEqual([
    "fault too-open shop1_storage",
    "warning not-checked .",
  ]);
  expect(check(writer, "writer", { masterKey: null })).toEqual([]);
});

test("halves that do not belong together are a fault", () => {
  writeFileSync(join(server, "shop1_storage.pub"), generateKeyPair().publicKey);
  expect(check(server, "server")).toEqual(["fault does-not-fit shop1_storage.pub"]);
  expect(check(server, "server", { masterKey: null })).toEqual(["warning not-checked ."]);
});

test("half a poison pair is a fault", () => {
  makerFor(server).makePoisonPair({ replace: false });
  const [privatePath, publicPath] = ["", ".pub"].map((end) =>
    join(server, `.poison_key/poison_key${end}`),
  );
  renameSync(publicPath ?? "", join(root, "kept"));
  expect(check(server, "server")).toEqual(["fault half-poison-pair .poison_key/poison_key.pub"]);
  renameSync(join(root, "kept"), publicPath ?? "");
  rmSync(privatePath ?? "");
  expect(check(server, "server")).toEqual(["fault half-poison-pair .poison_key/poison_key"]);
});

test("storage keys in a connector's folder are a fault, replaced ones too, and say why", () => {
  const maker = makerFor(connector);
  maker.makePair("storage", CLIENT, { replace: false });
  maker.makePair("storage", CLIENT, { replace: true });
  const findings = findingsOf(connector, "connector");
  expect(findings.map(({ kind, file }) => `${kind} ${file.replace(/old\/.*/, "old/")}`)).toEqual([
    "misplaced shop1_storage",
    "misplaced shop1_storage.old/",
  ]);
  expect(findings[0]?.message).toContain("decrypts the database");
});

test("a writer's folder holds no private key of any kind", () => {
  const maker = makerFor(writer);
  for (const kind of ["connector-transport", "server-transport", "translator-transport"] as const) {
    maker.makePair(kind, CLIENT, { replace: false });
  }
  const { zoneId } = maker.makeZone();
  maker.makePoisonPair({ replace: false });
  maker.makeAuthKey({ replace: false });
  const names = check(writer, "writer").map((line) => line.replace("fault misplaced ", ""));
  expect(names.toSorted()).toEqual(
    [
      ".poison_key/poison_key",
      `${zoneId}_zone`,
      "auth_key",
      "shop1",
      "shop1_server",
      "shop1_translator",
    ].toSorted(),
  );
});

test("a key that the server does not need is a warning", () => {
  makerFor(server).makePair("translator-transport", CLIENT, { replace: false });
  expect(check(server, "server")).toEqual(["warning misplaced shop1_translator"]);
});

test("keys that are not encrypted are a fault under any name", () => {
  const { privateKey, publicKey } = generateKeyPair();
  for (const name of ["shop1_storage", "backup.raw"]) {
    writeFileSync(join(server, name), privateKey, { mode: 0o600 });
  }
  writeFileSync(join(server, "shop1_storage.pub"), publicKey);
  writeFileSync(join(connector, "shop1_server.pub"), privateKey);
  expect(check(server, "server")).toEqual([
    "fault misplaced backup.raw",
    "fault unreadable shop1_storage",
  ]);
  expect(check(connector, "connector")).toEqual(["fault unreadable shop1_server.pub"]);
});

test("the keys of keys.example are a fault", () => {
  const example = join(root, "example");
  cpSync(join(import.meta.dir, "../../../keys.example/acra-writer"), example, { recursive: true });
  expect(check(example, "writer")).toEqual(["fault example-key testclientid_storage.pub"]);
});

test("files that are no keys are warnings, with a word about what they may be", () => {
  writeFileSync(join(server, "notes.txt"), "hello");
  writeFileSync(join(server, ".tmp-0011"), "x");
  writeFileSync(join(server, "master.key"), new Uint8Array(32));
  mkdirSync(join(server, "folder"));
  expect(check(server, "server")).toEqual([
    "warning unknown-file .tmp-0011",
    "warning unknown-file master.key",
    "warning unknown-file notes.txt",
  ]);
  const messages = findingsOf(server, "server").map(({ message }) => message);
  expect(messages[1]).toContain("as long as a master key");
});

test("an auth_key of the wrong length is a fault", () => {
  writeFileSync(join(server, "auth_key"), "short", { mode: 0o600 });
  expect(check(server, "server")).toEqual(["fault unreadable auth_key"]);
});

test("a folder in place of a key is a fault, and a key folder has to be one", () => {
  rmSync(join(server, "shop1_storage"));
  mkdirSync(join(server, "shop1_storage"), { mode: 0o700 });
  expect(check(server, "server")).toEqual(["fault missing shop1_storage"]);
  expect(() => check(join(root, "none"), "server")).toThrow("it does not exist");
  expect(() => check(join(server, "shop1.pub"), "server")).toThrow("is not a folder");
});

testUnless(
  missingRoot,
  "a file of another user than the folder's is a fault, unless that is root",
  () => {
    chownSync(join(server, "shop1_storage"), 12345, 12345);
    expect(check(server, "server")).toEqual([]);
    chownSync(server, 12346, 12346);
    expect(check(server, "server").toSorted()).toEqual([
      "fault foreign-owner shop1_server",
      "fault foreign-owner shop1_storage",
    ]);
  },
);
