/** The finder of places in streams, over any chunking. */

import { expect, test } from "bun:test";
import { cutRandomly, message, seededRandom, startupMessage } from "../harness/pg_peers.ts";
import { Cutter, FRAMES, named, type Place, postgresFormat } from "./cutters.ts";

const STARTUP = startupMessage({ user: "u" });
const QUERY = message("Q", "SELECT 1\0");
const SYNC = message("S");
const STREAM = Buffer.concat([STARTUP, SYNC, QUERY, SYNC, QUERY]);

/** How far into the whole stream the place lies; the same for any chunks. */
function placeIn(stream: Buffer, make: () => Place): number {
  const random = seededRandom(3);
  const found = new Set<number>();
  for (const pieces of [1, 2, 5, stream.length]) {
    const cutter = new Cutter(make());
    let before = 0;
    for (const chunk of cutRandomly(stream, pieces, random)) {
      const at = cutter.find(chunk);
      if (at >= 0) {
        found.add(before + at);
        break;
      }
      before += chunk.length;
    }
  }
  expect(found.size).toBeLessThanOrEqual(1);
  return [...found][0] ?? -1;
}

function inPostgres(name: string, where: Place["where"], occurrence = 1): number {
  return placeIn(STREAM, () => ({
    format: postgresFormat(["startup"]),
    wanted: named(name, occurrence),
    where,
  }));
}

test("Cutter finds borders and insides of PostgreSQL messages", () => {
  const query = STARTUP.length + SYNC.length;
  expect(inPostgres("startup", 2)).toBe(2);
  expect(inPostgres("startup", "last")).toBe(STARTUP.length - 1);
  expect(inPostgres("S", "before")).toBe(STARTUP.length);
  expect(inPostgres("S", 3)).toBe(STARTUP.length + 3);
  expect(inPostgres("S", "after")).toBe(query);
  expect(inPostgres("Q", 1)).toBe(query + 1);
  expect(inPostgres("Q", 5)).toBe(query + 5);
  expect(inPostgres("Q", "middle")).toBe(query + ((5 + QUERY.length) >> 1));
  expect(inPostgres("Q", "last", 2)).toBe(STREAM.length - 1);
  expect(inPostgres("Q", "after", 2)).toBe(STREAM.length);
  expect(inPostgres("X", 1)).toBe(-1);
});

test("Cutter finds frames of a Secure Session by their number", () => {
  const frame = Buffer.from([6, 0, 0, 0, 1, 2, 3, 4, 5, 6]);
  const stream = Buffer.concat([frame, frame, frame]);
  const find = (name: string, where: Place["where"]) =>
    placeIn(stream, () => ({ format: FRAMES, wanted: named(name), where }));
  expect(find("1", 2)).toBe(12);
  expect(find("2", "middle")).toBe(27);
  expect(find("3", 0)).toBe(-1);
});
