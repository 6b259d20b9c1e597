/** Frames out of a stream, whatever its chunks. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { forEachVector, hex, text } from "../../../test/vectors/vectors.ts";
import { FormatError } from "../../bytes/mod.ts";
import { encodeFrame, FrameDecoder } from "./frames.ts";

const LIMIT = 1000;

function takeAll(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = decoder.next(LIMIT); frame !== null; frame = decoder.next(LIMIT)) {
    frames.push(frame.slice());
  }
  return frames;
}

forEachVector(
  "acra",
  "transport.client_id_frames",
  { client_id: text, frame_hex: hex },
  (vector) => {
    const id = new TextEncoder().encode(vector.client_id);
    expect(encodeFrame(id)).toEqual(vector.frame_hex);
    const decoder = new FrameDecoder();
    decoder.push(vector.frame_hex);
    expect(takeAll(decoder)).toEqual([id]);
  },
);

describe("FrameDecoder", () => {
  test("finds the same frames for every chunking", () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 });
    const cuts = fc.array(fc.nat(300), { maxLength: 30 });
    fc.assert(
      fc.property(bodies, cuts, (frames, borders) => {
        const stream = Buffer.concat(frames.map(encodeFrame));
        const decoder = new FrameDecoder();
        const found: Uint8Array[] = [];
        const at = [0, ...borders.map((border) => border % (stream.length + 1)), stream.length];
        at.sort((a, b) => a - b);
        for (const [index, end] of at.entries()) {
          decoder.push(Uint8Array.from(stream.subarray(at[index - 1] ?? 0, end)));
          found.push(...takeAll(decoder));
        }
        expect(found).toEqual(frames);
        expect(decoder.pending).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  test("finds the same frames for every pair of cuts", () => {
    const frames = [new Uint8Array(3).fill(1), new Uint8Array(0), new Uint8Array(7).fill(2)];
    const stream = Uint8Array.from(Buffer.concat(frames.map(encodeFrame)));
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const decoder = new FrameDecoder();
        decoder.push(stream.subarray(0, first));
        const found = takeAll(decoder);
        decoder.push(stream.subarray(first, second));
        decoder.push(stream.subarray(second));
        found.push(...takeAll(decoder));
        expect(found).toEqual(frames);
      }
    }
  });

  test("knows whether it stands inside a frame", () => {
    const decoder = new FrameDecoder();
    expect(decoder.pending).toBe(false);
    for (const byte of encodeFrame(Uint8Array.of(9, 9))) {
      expect(decoder.next(LIMIT)).toBeNull();
      decoder.push(Uint8Array.of(byte));
      expect(decoder.pending).toBe(true);
    }
    expect(decoder.next(LIMIT)).toEqual(Uint8Array.of(9, 9));
    expect(decoder.pending).toBe(false);
  });

  test("refuses a length above the limit before any of the body has come", () => {
    const decoder = new FrameDecoder();
    decoder.push(Uint8Array.of(0xe9, 3, 0));
    expect(decoder.next(LIMIT)).toBeNull();
    decoder.push(Uint8Array.of(0));
    expect(() => decoder.next(LIMIT)).toThrow(FormatError);
    const exact = new FrameDecoder();
    exact.push(encodeFrame(new Uint8Array(LIMIT)));
    expect(exact.next(LIMIT)?.length).toBe(LIMIT);
  });

  test("reserves no memory for a length that is only announced", () => {
    const before = process.memoryUsage().arrayBuffers;
    const decoders = Array.from({ length: 20 }, () => {
      const decoder = new FrameDecoder();
      decoder.push(Uint8Array.of(0, 0, 0, 0x40, 1, 2, 3));
      decoder.next(2 ** 30);
      return decoder;
    });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
    expect(decoders.every((decoder) => decoder.pending)).toBe(true);
  });
});
