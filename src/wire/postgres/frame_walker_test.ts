/** Framing, whatever the chunks. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes, FormatError } from "../../bytes/mod.ts";
import { FrameWalker } from "./mod.ts";

const RUNS = process.env["SLOW"] ? 20_000 : 1_000;

interface Seen {
  readonly type: number;
  readonly message: Uint8Array;
}

/** Walks chunks and joins the steps of each message, checking that the steps fit together. */
function walk(chunks: readonly Uint8Array[], walker = new FrameWalker()): Seen[] {
  const seen: Seen[] = [];
  let open: Uint8Array | null = null;
  for (const chunk of chunks) {
    walker.load(chunk);
    while (walker.next()) {
      expect(walker.first).toBe(open === null);
      const piece = walker.chunk.subarray(walker.start, walker.end);
      open = concatBytes(open ?? new Uint8Array(), piece);
      expect(walker.last).toBe(open.length === walker.length);
      if (walker.last) {
        seen.push({ type: walker.type, message: open });
        open = null;
      }
    }
    walker.unload();
  }
  return seen;
}

function frame(type: string, body: Uint8Array, length = body.length + 4): Uint8Array {
  const head = new Uint8Array(5);
  head[0] = type.charCodeAt(0);
  new DataView(head.buffer).setUint32(1, length);
  return concatBytes(head, body);
}

const STREAM = concatBytes(
  frame("D", Uint8Array.of(0, 0)),
  frame("S", new Uint8Array()),
  frame("d", new Uint8Array(9).fill(7)),
  frame("Z", Uint8Array.of(0x49)),
);

test("FrameWalker finds the same messages for every pair of cuts", () => {
  const whole = walk([STREAM]);
  expect(whole.map(({ type }) => String.fromCharCode(type)).join("")).toBe("DSdZ");
  for (let first = 0; first <= STREAM.length; first++) {
    for (let second = first; second <= STREAM.length; second++) {
      const chunks = [
        STREAM.subarray(0, first),
        STREAM.subarray(first, second),
        STREAM.subarray(second),
      ];
      expect(walk(chunks)).toEqual(whole);
    }
  }
});

test("FrameWalker does not copy a chunk that begins with a whole header", () => {
  const walker = new FrameWalker();
  walker.load(STREAM);
  expect(walker.chunk).toBe(STREAM);
});

test.each([0, 1, 3, 0x4001_0001, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])(
  "FrameWalker refuses length %d before its body comes, and keeps what stood before",
  (length) => {
    const walker = new FrameWalker();
    walker.load(concatBytes(frame("S", new Uint8Array()), frame("D", new Uint8Array(), length)));
    expect(walker.next()).toBe(true);
    expect(() => walker.next()).toThrow(FormatError);
    expect(walker.end).toBe(5);
  },
);

test("FrameWalker accepts a length of 1 GiB without holding anything", () => {
  const walker = new FrameWalker();
  walker.load(frame("d", new Uint8Array(100), 0x4000_0003));
  expect(walker.next()).toBe(true);
  expect(walker.last).toBe(false);
  expect(walker.end).toBe(105);
  expect(walker.next()).toBe(false);
  expect(walker.betweenBodies).toBe(false);
});

test("FrameWalker knows where messages end", () => {
  const walker = new FrameWalker();
  expect(walker.atBorder).toBe(true);
  walk([Uint8Array.of(0x53)], walker);
  expect(walker.atBorder).toBe(false);
  expect(walker.betweenBodies).toBe(true);
  expect(walker.takeHeld()).toEqual(Uint8Array.of(0x53));
  expect(walker.atBorder).toBe(true);
});

test("FrameWalker gives any stream back in order, however it is cut", () => {
  const message = fc
    .tuple(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 20 }))
    .map(([type, body]) => frame(String.fromCharCode(type), body));
  const cuts = fc.array(fc.nat({ max: 12 }), { maxLength: 30 });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 8 }), cuts, (messages, sizes) => {
      const stream = concatBytes(...messages);
      const chunks: Uint8Array[] = [];
      let from = 0;
      for (const size of sizes) {
        chunks.push(stream.subarray(from, from + size));
        from = Math.min(from + size, stream.length);
      }
      chunks.push(stream.subarray(from));
      expect(walk(chunks).map((seen) => seen.message)).toEqual(messages);
    }),
    { numRuns: RUNS },
  );
});
