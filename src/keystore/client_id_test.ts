/** Ids: vectors of the original, and the ids that would share files. */

import { expect, test } from "bun:test";
import { boolean, forEachVector, text } from "../../test/vectors/vectors.ts";
import { isAmbiguousClientId, isValidClientId } from "./client_id.ts";
import { clientId } from "./helpers_test.ts";

forEachVector("acra", "client_ids", { id: text, valid: boolean }, ({ id, valid }) => {
  expect(isValidClientId(id)).toBe(valid);
});

test("isValidClientId refuses a line end behind a valid id", () => {
  expect(isValidClientId("abcde\n")).toBe(false);
});

test("isAmbiguousClientId finds ids whose files are other keys' files", () => {
  for (const id of ["shop_server", "shop_storage", "shop_translator", "shop_zone", "auth_key"]) {
    expect({ id, ambiguous: isAmbiguousClientId(clientId(id)) }).toEqual({ id, ambiguous: true });
  }
  for (const id of ["shop_servers", "_server_", "auth_key2", "testclientid"]) {
    expect({ id, ambiguous: isAmbiguousClientId(clientId(id)) }).toEqual({ id, ambiguous: false });
  }
});
