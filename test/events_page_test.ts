/** docs/events.md says of every event code what it means, and of nothing that is not logged. */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EVENT } from "../src/log/mod.ts";
import { readEventPage } from "./harness/event_page.ts";

const SOURCES = join(import.meta.dir, "../src");
const page = readEventPage();

/** The sources of the program, but for the table of the codes. */
function readSources(): string {
  return readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
    .filter((name) => name !== join("log", "event.ts"))
    .map((name) => readFileSync(join(SOURCES, name), "utf8"))
    .join("\n");
}

const sources = readSources();

test("every event code has one line in docs/events.md, and every line has a code", () => {
  const codes: readonly number[] = Object.values(EVENT);
  expect(page.events.map(({ code }) => code)).toEqual([...codes].sort((a, b) => a - b));
});

test("every event says what it means and what to do", () => {
  for (const { code, lines, meaning, action } of page.events) {
    expect(lines).not.toBe("");
    expect(meaning.length).toBeGreaterThan(code === EVENT.none ? 5 : 20);
    expect(action === "").toBe(code === EVENT.none);
  }
});

test("every event code is used", () => {
  const unused = Object.keys(EVENT).filter((name) => !sources.includes(`EVENT.${name}`));
  expect(unused).toEqual([]);
});

test("codes that are never logged are no codes of this version", () => {
  const codes: readonly number[] = Object.values(EVENT);
  expect(page.neverLogged.length).toBeGreaterThan(20);
  expect(page.neverLogged.filter((code) => codes.includes(code))).toEqual([]);
});

test("the lines that docs/events.md quotes are those of the program", () => {
  const quoted = [...page.events.map(({ lines }) => lines), ...page.uncoded].flatMap((text) =>
    [...text.matchAll(/`([^`]+)`/g)].map(([, line = ""]) => line),
  );
  expect(quoted.length).toBeGreaterThan(25);
  const missing = quoted.filter((line) => {
    const [, head = line] = /^(Can't read private key: )(?:no )?storage key$/.exec(line) ?? [];
    return !sources.includes(head);
  });
  expect(missing).toEqual([]);
});

test("every reason of a failed handshake is explained", () => {
  const failures = [...sources.matchAll(/export type (?:Handshake|Tls)Failure =([^;]+);/g)];
  const words = failures.flatMap(([, list = ""]) => [...list.matchAll(/"([a-z-]+)"/g)]);
  const reasons = [...new Set(words.map(([, reason = ""]) => reason))];
  expect(failures).toHaveLength(2);
  // `keys` is an event of its own, 511.
  expect(page.reasons.toSorted()).toEqual(reasons.filter((reason) => reason !== "keys").toSorted());
});
