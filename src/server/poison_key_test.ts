/** The poison key outlives trouble with its file, and goes when it was removed. */

import { expect, test } from "bun:test";
import { generatePrivateKey, type PrivateKey } from "../themis/mod.ts";
import { createPoisonKeySource } from "./poison_key.ts";

function makeKeystore(first: PrivateKey | null | Error) {
  const told: unknown[] = [];
  const keystore = {
    answer: first,
    findPoisonKey(): PrivateKey | null {
      if (keystore.answer instanceof Error) {
        throw keystore.answer;
      }
      return keystore.answer;
    },
  };
  const events = {
    keyUnreadable: (_kind: string, error: unknown): void => {
      told.push(error);
    },
  };
  return { keystore, events, told };
}

test("createPoisonKeySource() goes on with the key of the start when the file cannot be read", () => {
  const key = generatePrivateKey();
  const { keystore, events, told } = makeKeystore(key);
  const find = createPoisonKeySource(keystore, events);
  const trouble = new Error("EMFILE");
  keystore.answer = trouble;
  expect(find()).toBe(key);
  expect(told).toEqual([trouble]);
});

test("createPoisonKeySource() takes a new key, and forgets one that was removed", () => {
  const { keystore, events } = makeKeystore(generatePrivateKey());
  const find = createPoisonKeySource(keystore, events);
  const next = generatePrivateKey();
  keystore.answer = next;
  expect(find()).toBe(next);
  keystore.answer = null;
  expect(find()).toBeNull();
});

test("createPoisonKeySource() tells at the start of a key that cannot be read, and tries again", () => {
  const trouble = new Error("wrong master key");
  const { keystore, events, told } = makeKeystore(trouble);
  const find = createPoisonKeySource(keystore, events);
  expect(told).toEqual([trouble]);
  expect(find).toThrow("wrong master key");
  const key = generatePrivateKey();
  keystore.answer = key;
  expect(find()).toBe(key);
});
