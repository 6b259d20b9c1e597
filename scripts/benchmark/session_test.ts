/** Frames are counted whatever the cuts. */

import { expect, test } from "bun:test";
import { encodeQuery, FrameWalker } from "./session.ts";

function frame(type: string, length: number): Buffer {
  const message = Buffer.alloc(5 + length, "Z");
  message.write(type, 0, "latin1");
  message.writeUInt32BE(4 + length, 1);
  return message;
}

/** Rows whose bytes look like other frames, an empty message, and the end of two answers. */
const ANSWER = Buffer.concat([
  ...[frame("T", 30), frame("D", 70), frame("D", 0), frame("C", 9), frame("Z", 1)],
  ...[frame("I", 0), frame("Z", 1)],
]);

test("FrameWalker counts rows and ends of answers for every pair of cuts", () => {
  for (let first = 0; first <= ANSWER.length; first++) {
    for (let second = first; second <= ANSWER.length; second += 7) {
      let answers = 0;
      const walker = new FrameWalker(() => answers++);
      for (const chunk of [
        ANSWER.subarray(0, first),
        ANSWER.subarray(first, second),
        ANSWER.subarray(second),
      ]) {
        walker.push(chunk);
      }
      expect([walker.rows, answers]).toEqual([2, 2]);
    }
  }
});

test("FrameWalker throws when the database reports an error", () => {
  const walker = new FrameWalker(() => {});
  expect(() => walker.push(frame("E", 20))).toThrow("answered with an error");
});

test("encodeQuery makes a simple query", () => {
  expect(Buffer.from(encodeQuery("SELECT 1")).toString("hex")).toBe("510000000d53454c454354203100");
});
