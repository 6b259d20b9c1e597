import { expect, test } from "bun:test";
import { findPairFiles, formatKeyId, parseKeyId } from "./key_id.ts";

test.each([
  ["client/shop 1/storage", "storage", "shop 1_storage"],
  ["client/shop1/transport/connector", "connector-transport", "shop1"],
  ["client/shop1/transport/server", "server-transport", "shop1_server"],
  ["client/shop1/transport/translator", "translator-transport", "shop1_translator"],
  ["zone/DDDDDDDDabcdefghabcdefgh/storage", "zone", "DDDDDDDDabcdefghabcdefgh_zone"],
  ["poison-record", "poison", ".poison_key/poison_key"],
])("the key id %s names the %s key in %s", (text, kind, file) => {
  const name = parseKeyId(text);
  expect(name === null ? null : (name.kind as string)).toBe(kind);
  expect(name === null ? null : findPairFiles(name)?.privateName).toBe(file);
  expect(name === null ? null : formatKeyId(name.kind, name.id)).toBe(text);
});

test("the one key that is no pair has an id and no pair of files", () => {
  const name = parseKeyId("webconfig-auth");
  expect(name).toEqual({ kind: "webconfig-auth", id: null });
  expect(name === null ? undefined : findPairFiles(name)).toBeNull();
});

test.each([
  "",
  "storage",
  "client/shop1",
  "client/shop1/",
  "client/shop1/storage/",
  "client/shop1/transport",
  "client/shop1/transport/writer",
  "client/shop1/constructor",
  "client/../storage",
  "client/../../x/storage",
  "client/four/storage",
  "zone/DDDDDDDDabcdefghabcdefgh/transport/server",
  "poison-record/storage",
])("parseKeyId answers null for %j", (text) => {
  expect(parseKeyId(text)).toBeNull();
});
