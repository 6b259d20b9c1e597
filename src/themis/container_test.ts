/** Containers and their checksum. */

import { describe, expect, test } from "bun:test";
import { forEachVector, hex } from "../../test/vectors/vectors.ts";
import { ByteWriter, concatBytes, FormatError } from "../bytes/mod.ts";
import { decodeContainer, encodeContainer } from "./container.ts";
import { crc32c } from "./crc32c.ts";

forEachVector("themis", "crc32c", { input: hex, crc_field: hex }, ({ input, crc_field }) => {
  expect(new ByteWriter(4).u32le(crc32c(input)).finish()).toEqual(crc_field);
  const middle = input.length >> 1;
  expect(crc32c(input.subarray(middle), crc32c(input.subarray(0, middle)))).toBe(crc32c(input));
});

describe("decodeContainer", () => {
  const payload = Uint8Array.of(1, 2, 3);
  const container = encodeContainer("TEST", payload);
  const surplus = concatBytes(container, Uint8Array.of(0, 0));

  test("gives back what encodeContainer put in", () => {
    expect(decodeContainer(container, "TEST")).toEqual({ payload, length: 15 });
    const empty = encodeContainer("TEST", new Uint8Array());
    expect(decodeContainer(empty, "TEST")).toEqual({ payload: new Uint8Array(), length: 12 });
  });

  test("ignores bytes behind the container in the prefix form only", () => {
    expect(decodeContainer(surplus, "TEST", { prefix: true })).toEqual({ payload, length: 15 });
    expect(() => decodeContainer(surplus, "TEST")).toThrow(FormatError);
  });

  test("refuses every cut, every changed bit and another tag, in both forms", () => {
    for (const prefix of [true, false]) {
      for (let length = 0; length < container.length; length++) {
        const cut = container.subarray(0, length);
        expect(() => decodeContainer(cut, "TEST", { prefix })).toThrow(FormatError);
      }
      for (let bit = 0; bit < container.length * 8; bit++) {
        const flipped = container.with(bit >> 3, (container[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
        expect(() => decodeContainer(flipped, "TEST", { prefix })).toThrow(FormatError);
      }
      expect(() => decodeContainer(container, "TESS", { prefix })).toThrow(FormatError);
    }
  });

  test("refuses sizes below the header and above the bytes, with a checksum that fits", () => {
    for (const size of [0, 11, 14, 16, 0xffff_ffff]) {
      const head = new ByteWriter(8).bytes(container.subarray(0, 4)).u32be(size).finish();
      const crc = crc32c(concatBytes(head, new Uint8Array(4), payload));
      const lying = new ByteWriter(15).bytes(head).u32le(crc).bytes(payload).finish();
      expect(() => decodeContainer(lying, "TEST")).toThrow(FormatError);
    }
  });
});
