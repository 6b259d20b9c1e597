/** Every PostgreSQL row of `acra.json` through a session, cut everywhere. */

import { describe, expect, test } from "bun:test";
import {
  cutRandomly,
  dataRow,
  message,
  ROW_ANSWER_END,
  rowDescription,
  seededRandom,
} from "../../../test/harness/pg_peers.ts";
import { makeStages, makeZoneStages, SessionRig } from "../../../test/harness/session_rig.ts";
import {
  base64,
  boolean,
  information,
  list,
  nullable,
  readVectors,
  text,
} from "../../../test/vectors/vectors.ts";
import type { SessionEvents, Stage, StageVerdict } from "../mod.ts";

const CELLS = readVectors("acra", "cells", {
  name: text,
  db: text,
  pg_bytea_format: nullable(text),
  cell_encoding: text,
  zone_mode: boolean,
  mode: text,
  client_id: text,
  columns_in_b64: list(nullable(base64)),
  required_columns_b64: list(nullable(base64)),
  required_poison_detected: boolean,
  original_082: information,
  deviation: information,
});
const ROWS = CELLS.filter(({ db }) => db === "pg");
type Row = (typeof ROWS)[number];

const CUT_EVERYWHERE_BELOW = 1200;
const RANDOM_CUTS = process.env["SLOW"] ? 400 : 40;
const QUERY = message("Q", "SELECT\0");
const verdicts = new Map<string, StageVerdict>();

test("acra.json has the rows that this file counts on", () => {
  expect(CELLS).toHaveLength(444);
  expect(ROWS.filter((row) => !row.zone_mode)).toHaveLength(178);
  expect(ROWS.filter((row) => row.zone_mode)).toHaveLength(134);
});

function modeOf(row: Row): "whole-cell" | "injected-cell" {
  return row.mode === "wholecell" ? "whole-cell" : "injected-cell";
}

/** Real stages that try each candidate once: cutting a stream elsewhere does not change the crypto. */
function rememberingStages(events: SessionEvents): readonly Stage[] {
  return makeStages(events).map((stage, index) => ({
    open(bytes, offset) {
      const key = `${index} ${offset} ${Buffer.from(bytes).toString("latin1")}`;
      const known = verdicts.get(key);
      if (known !== undefined) {
        return known;
      }
      const verdict = stage.open(bytes, offset);
      verdicts.set(key, verdict);
      return verdict;
    },
  }));
}

function makeRig(row: Row): SessionRig {
  return SessionRig.ready({
    mode: modeOf(row),
    byteaFormat: row.pg_bytea_format === "hex" ? "hex" : "escape",
    stages: (events) =>
      row.zone_mode ? makeZoneStages(events, modeOf(row)) : rememberingStages(events),
  });
}

/** Runs the stream through a fresh session and compares all that the client may see. */
function check(row: Row, before: Buffer, chunks: readonly Uint8Array[]): SessionRig {
  const rig = makeRig(row)
    .client(QUERY)
    .database(...chunks);
  const expected = Buffer.concat([before, dataRow(row.required_columns_b64), ROW_ANSWER_END]);
  expect(rig.received("client").toString("latin1")).toBe(expected.toString("latin1"));
  expect(rig.alarms).toEqual(row.required_poison_detected ? [before.length] : []);
  expect(rig.events.trackingLost).toBe(0);
  return rig;
}

describe("acra.json cells", () => {
  const random = seededRandom(82);
  for (const row of ROWS) {
    const about = `${row.zone_mode ? "zones: " : ""}${row.name} ${row.mode} ${row.pg_bytea_format} ${row.cell_encoding}`;
    const format = row.cell_encoding === "raw" ? 1 : 0;
    const described = rowDescription(row.columns_in_b64.map(() => format));
    const answer = Buffer.concat([dataRow(row.columns_in_b64), ROW_ANSWER_END]);
    const stream = Buffer.concat([described, answer]);

    test(`${about} is required for ${row.client_id}`, () => {
      expect(row.client_id).toBe("client");
      check(row, described, [stream]);
      // Without a RowDescription the format is guessed.
      check(row, Buffer.alloc(0), [answer]);
    });

    test(`${about} is the same however the stream is cut`, () => {
      const bytewise = Array.from(stream, (byte) => Uint8Array.of(byte));
      check(row, described, bytewise);
      if (stream.length < CUT_EVERYWHERE_BELOW) {
        for (let cut = 1; cut < stream.length; cut++) {
          check(row, described, [stream.subarray(0, cut), stream.subarray(cut)]);
        }
      }
      for (let round = 0; round < RANDOM_CUTS; round++) {
        check(row, described, cutRandomly(stream, 2 + (round % 5), random));
      }
    });
  }
});
