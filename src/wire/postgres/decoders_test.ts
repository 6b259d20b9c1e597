/** The decoders of messages: what they read, and that nothing else but a FormatError comes of bad bytes. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  dataRow,
  message,
  rowDescription,
  seededRandom,
  startupMessage,
} from "../../../test/harness/pg_peers.ts";
import { concatBytes, FormatError } from "../../bytes/mod.ts";
import {
  decodeBind,
  decodeDataRow,
  decodeExecutePortal,
  decodeRowFormats,
  decodeStartupHeader,
  decodeTarget,
  encodeDataRow,
  encodeFatalError,
  formatOf,
  isDirectTls,
} from "./mod.ts";

const MUTATIONS = process.env["SLOW"] ? 400_000 : 25_000;

function body(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(5);
}

const BIND = Uint8Array.from([
  ...Buffer.from("portal\0statement\0"),
  ...[0, 2, 0, 0, 0, 1], // two formats of parameters
  ...[0, 2, 0, 0, 0, 1, 0x37, 0xff, 0xff, 0xff, 0xff], // "7" and NULL
  ...[0, 3, 0, 0, 0, 1, 0, 0], // three formats of results
]);
const ROW = dataRow([Buffer.from("a"), null, Buffer.alloc(0), Buffer.from("bcd")]);
const DESCRIPTION = rowDescription([0, 1, 0]);
const TARGET = Buffer.from("Pname\0");
const EXECUTE = Buffer.from("name\0\0\0\0\x05");
const STARTUP = startupMessage({ user: "me" }).subarray(0, 8);

const DECODERS = [
  { name: "decodeBind", decode: decodeBind, good: BIND, surplus: true },
  { name: "decodeDataRow", decode: decodeDataRow, good: body(ROW), surplus: true },
  { name: "decodeRowFormats", decode: decodeRowFormats, good: body(DESCRIPTION), surplus: true },
  { name: "decodeTarget", decode: decodeTarget, good: TARGET, surplus: true },
  { name: "decodeExecutePortal", decode: decodeExecutePortal, good: EXECUTE, surplus: true },
  { name: "decodeStartupHeader", decode: decodeStartupHeader, good: STARTUP, surplus: false },
] as const;

describe.each(DECODERS)("$name", ({ decode, good, surplus }) => {
  test("reads what is well formed", () => {
    expect(decode(good)).toBeDefined();
  });

  test("refuses every shorter form", () => {
    for (let length = 0; length < good.length; length++) {
      expect(() => decode(good.subarray(0, length))).toThrow(FormatError);
    }
  });

  test(surplus ? "refuses surplus bytes" : "leaves what follows to others", () => {
    const longer = concatBytes(good, Uint8Array.of(0));
    if (surplus) {
      expect(() => decode(longer)).toThrow(FormatError);
    } else {
      expect(decode(longer)).toEqual(decode(good));
    }
  });

  test("answers changed bytes with a value or a FormatError", () => {
    const random = seededRandom(7);
    for (let round = 0; round < MUTATIONS; round++) {
      const bytes = Uint8Array.from(good.subarray(0, Math.ceil(random() * good.length)));
      for (let changes = Math.floor(random() * 4); changes >= 0; changes--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      expectNoOtherError(() => decode(bytes));
    }
  });

  test("answers any bytes with a value or a FormatError", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) =>
        expectNoOtherError(() => decode(bytes)),
      ),
    );
  });
});

function expectNoOtherError(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FormatError)) {
      throw error;
    }
  }
}

test("decodeBind reads names and the formats of results, behind the parameters", () => {
  expect(decodeBind(BIND)).toEqual({
    portal: new Uint8Array(Buffer.from("portal")),
    statement: new Uint8Array(Buffer.from("statement")),
    resultFormats: [0, 1, 0],
  });
});

test("decodeDataRow keeps NULL and empty apart, and encodeDataRow writes the same bytes", () => {
  const cells = decodeDataRow(body(ROW));
  expect(cells.map((cell) => cell && Buffer.from(cell).toString())).toEqual(["a", null, "", "bcd"]);
  expect(ROW.equals(encodeDataRow(cells))).toBe(true);
});

test.each([-2, -100, 4, 0x7fff_ffff])("decodeDataRow refuses a cell of length %d", (length) => {
  const bytes = new Uint8Array(9);
  new DataView(bytes.buffer).setUint16(0, 1);
  new DataView(bytes.buffer).setInt32(2, length);
  expect(() => decodeDataRow(bytes)).toThrow(FormatError);
});

test("encodeDataRow gives back every row", () => {
  const cell = fc.option(fc.uint8Array({ maxLength: 9 }));
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 9 }), (cells) => {
      const encoded = encodeDataRow(cells);
      expect(dataRow(cells).equals(encoded)).toBe(true);
      expect(decodeDataRow(body(encoded))).toEqual(cells);
    }),
  );
});

test("decodeRowFormats reads one format for each column", () => {
  expect(decodeRowFormats(body(DESCRIPTION))).toEqual([0, 1, 0]);
});

test("decodeTarget tells portals from statements and refuses anything else", () => {
  expect(decodeTarget(TARGET)).toEqual({
    kind: "portal",
    name: new Uint8Array(Buffer.from("name")),
  });
  expect(decodeTarget(Buffer.from("S\0")).kind).toBe("statement");
  expect(() => decodeTarget(Buffer.from("x\0"))).toThrow(FormatError);
});

test("formatOf follows the rule of Bind: none is text, one is for all, else one for each", () => {
  expect(formatOf([], 3)).toBe(0);
  expect(formatOf([1], 3)).toBe(1);
  expect(formatOf([1, 0], 1)).toBe(0);
  expect(formatOf([1, 0], 2)).toBeNull();
});

describe("decodeStartupHeader", () => {
  function header(length: number, code: number): Uint8Array {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setUint32(0, length);
    new DataView(bytes.buffer).setUint32(4, code);
    return bytes;
  }

  test.each([
    [8, 80_877_103, "ssl"],
    [8, 80_877_104, "gssenc"],
    [16, 80_877_102, "cancel"],
    [268, 80_877_102, "cancel"],
    [8, 0x0003_0000, "startup"],
    [10_000, 0x0003_0002, "startup"],
    [100, 0x0003_ffff, "startup"],
    [100, 0x0002_0000, "unsupported"],
    [8, 80_877_105, "unsupported"],
  ] as const)("takes length %d and code %d for %s", (length, code, kind) => {
    expect(decodeStartupHeader(header(length, code))).toEqual({ kind, length });
  });

  test.each([
    [0, 0x0003_0000],
    [7, 0x0003_0000],
    [10_001, 0x0003_0000],
    [0xffff_ffff, 0x0003_0000],
    [9, 80_877_103],
    [12, 80_877_104],
    [15, 80_877_102],
  ])("refuses length %d with code %d", (length, code) => {
    expect(() => decodeStartupHeader(header(length, code))).toThrow(FormatError);
  });

  test("knows TLS by its first byte", () => {
    expect(isDirectTls(Uint8Array.of(0x16, 3, 1))).toBe(true);
    expect(isDirectTls(STARTUP)).toBe(false);
  });
});

test("encodeFatalError writes the fields S, V, C and M", () => {
  const error = encodeFatalError({ code: "08006", message: "could not connect to database" });
  const fields = "SFATAL\0VFATAL\0C08006\0Mcould not connect to database\0\0";
  expect(message("E", fields).equals(error)).toBe(true);
});
