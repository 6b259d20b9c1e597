/** What travels: bytea texts, zone ids, PostgreSQL messages and frames, frames of the transport. */

import { concatBytes, decodeHex, encodeHex, FormatError } from "../../../src/bytes/mod.ts";
import { encodeFrame, FrameDecoder } from "../../../src/transport/secure_session/frames.ts";
import {
  decodeBareHex,
  decodeBind,
  decodeByteaEscape,
  decodeByteaHex,
  decodeDataRow,
  decodeExecutePortal,
  decodeRowFormats,
  decodeStartupHeader,
  decodeTarget,
  encodeByteaEscape,
  encodeByteaHex,
  encodeDataRow,
  FrameWalker,
  formatOf,
  isDirectTls,
} from "../../../src/wire/postgres/mod.ts";
import { findZoneIds, isZoneId, ZONE_ID_LENGTH } from "../../../src/zones/mod.ts";
import { dataRow, message, rowDescription, startupMessage } from "../../harness/pg_peers.ts";
import { below, type Random, several } from "../../harness/random.ts";
import { anyMessage } from "../../harness/random_messages.ts";
import { cutBytes } from "../cuts.ts";
import { ascii, attempt, demand, type FuzzTarget, sameBytes } from "../target.ts";

const SMALL = { largest: 4096, total: 64 * 1024 };
const ZONE_ID = "DDDDDDDDmakNnozaoSQFnDWx";

/** The text forms of bytea: what decodes encodes to the same value again. */
export const BYTEA: FuzzTarget = {
  name: "bytea",
  weight: 60,
  maximumLength: 256,
  allocation: SMALL,
  seeds: ["\\x0022ff", "2222", "a\\\\b\\001\\377c", "\\x", "\\x2G", "\\400"].map(ascii),
  dictionary: ["\\x", "\\", "\\\\", "\\000", "\\377", "\\8", "22", "fF"].map(ascii),
  run(input) {
    const hex = decodeByteaHex(input);
    demand(hex === null || sameBytes(decodeByteaHex(encodeByteaHex(hex)) ?? input, hex), "hex");
    const bare = decodeBareHex(input);
    const lower = ascii(Buffer.from(input).toString("latin1").toLowerCase());
    demand(bare === null || sameBytes(encodeHex(bare), lower), "bare hex");
    demand(sameBytes(decodeHex(encodeHex(input)) ?? new Uint8Array(1), input), "digits");
    const text = decodeByteaEscape(input);
    const again = text === null ? null : decodeByteaEscape(encodeByteaEscape(text));
    demand(text === null || (again !== null && sameBytes(again, text)), "escape form");
    const back = decodeByteaEscape(encodeByteaEscape(input));
    demand(back !== null && sameBytes(back, input), "escape form of any bytes");
  },
};

/** Zone ids: those of a plain search, each of a run of `D` once. */
export const ZONE_IDS: FuzzTarget = {
  name: "zone_ids",
  weight: 60,
  maximumLength: 256,
  allocation: SMALL,
  seeds: [ZONE_ID, `x${ZONE_ID}DDDD${ZONE_ID}y`, "D".repeat(60), `${"D".repeat(40)}a`].map(ascii),
  dictionary: ["DDDDDDDD", "D", ZONE_ID, "D".repeat(24)].map(ascii),
  run(input) {
    const found = [...findZoneIds(input, "anywhere")];
    const text = Buffer.from(input).toString("latin1");
    const plain = new Set<string>();
    for (let at = 0; at + ZONE_ID_LENGTH <= text.length; at++) {
      const candidate = text.slice(at, at + ZONE_ID_LENGTH);
      if (isZoneId(candidate)) {
        plain.add(candidate);
      }
    }
    demand(
      found.every((id) => plain.has(id)),
      "an id is found where none is",
    );
    demand(plain.size === new Set(found).size, "an id is not found");
    const run = /^D*/.exec(text)?.[0].length ?? 0;
    for (const id of findZoneIds(input, "start")) {
      demand(plain.has(id) && text.indexOf(id) <= run, "an id is not at the start");
    }
  },
};

const DECODERS = [
  decodeBind,
  decodeRowFormats,
  decodeTarget,
  decodeExecutePortal,
  decodeStartupHeader,
] as const;
const BIND = "p\0s\0\0\x02\0\0\0\x01\0\x02\0\0\0\x017\xff\xff\xff\xff\0\x03\0\0\0\x01\0\0";

/** Every decoder of a PostgreSQL message body; the first byte chooses. */
export const PG_MESSAGES: FuzzTarget = {
  name: "pg_messages",
  weight: 80,
  maximumLength: 512,
  allocation: SMALL,
  seeds: [
    ascii(`\0${BIND}`),
    concatBytes(Uint8Array.of(1), rowDescription([0, 1, 0]).subarray(5)),
    ascii("\x02Pname\0"),
    ascii("\x03name\0\0\0\0\x05"),
    concatBytes(Uint8Array.of(4), startupMessage({ user: "me" }).subarray(0, 8)),
    concatBytes(Uint8Array.of(5), dataRow([ascii("a"), null, new Uint8Array()]).subarray(5)),
  ],
  dictionary: [
    "\xff\xff\xff\xff",
    "\x04\xd2\x16\x2e",
    "\x04\xd2\x16\x2f",
    "\x04\xd2\x16\x30",
    "\0\x03\0\0",
  ].map(ascii),
  run(input) {
    const body = input.subarray(1);
    const decode = DECODERS[(input[0] ?? 0) % (DECODERS.length + 1)];
    if (decode !== undefined) {
      attempt(() => decode(body), FormatError);
      isDirectTls(body);
      return;
    }
    const cells = attempt(() => decodeDataRow(body), FormatError);
    if (cells !== null) {
      const again = encodeDataRow(cells);
      demand(sameBytes(again.subarray(5), body), "a row is written otherwise than it was read");
      demand(again.length === 1 + new DataView(again.buffer).getUint32(1), "a wrong length");
      formatOf([0, 1], cells.length);
    }
  },
};

/** What the walker tells of a stream: the steps joined to whole messages. */
function walk(chunks: readonly Uint8Array[]): { messages: string[]; bytes: Uint8Array } {
  const walker = new FrameWalker();
  const messages: string[] = [];
  const passed: Uint8Array[] = [];
  try {
    for (const chunk of chunks) {
      walker.load(chunk);
      while (walker.next()) {
        passed.push(walker.chunk.slice(walker.start, walker.end));
        if (walker.first) {
          messages.push(`${walker.type} ${walker.length}`);
        }
      }
      walker.unload();
    }
    passed.push(walker.takeHeld());
  } catch (error) {
    if (!(error instanceof FormatError)) {
      throw error;
    }
    messages.push(error.name);
  }
  return { messages, bytes: concatBytes(...passed) };
}

/** Framing of PostgreSQL's stream: the same messages however it is cut, and not a byte lost. */
export const PG_FRAMES: FuzzTarget = {
  name: "pg_frames",
  weight: 40,
  maximumLength: 1024,
  allocation: SMALL,
  seeds: [message("Q", "SELECT 1\0"), concatBytes(message("S"), message("Z", "I"))],
  generate: (random) =>
    concatBytes(
      Uint8Array.of(below(256, random)),
      ...several(1 + below(4, random), () => anyMessage("database", random)),
    ),
  run(input) {
    const stream = input.subarray(1);
    const whole = walk([stream]);
    const cut = walk(cutBytes(stream, input[0] ?? 0));
    demand(whole.messages.join() === cut.messages.join(), "cutting changes the messages");
    demand(sameBytes(whole.bytes, cut.bytes), "cutting changes the bytes");
    const isRefused = whole.messages.at(-1) === "FormatError";
    demand(isRefused || sameBytes(whole.bytes, stream), "bytes are lost");
    demand(sameBytes(whole.bytes, stream.subarray(0, whole.bytes.length)), "bytes are changed");
  },
};

function readFrames(chunks: readonly Uint8Array[], limit: number): string {
  const decoder = new FrameDecoder();
  const frames: string[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let frame = decoder.next(limit); frame !== null; frame = decoder.next(limit)) {
        frames.push(frame.toHex());
      }
    }
  } catch (error) {
    if (!(error instanceof FormatError)) {
      throw error;
    }
    return `${frames.join()} refused`;
  }
  return `${frames.join()} ${decoder.pending}`;
}

/** As for ids and as for data; the first bit of the input chooses. */
const FRAME_LIMITS = [300, 2 ** 30] as const;

/** Frames of the Secure Session transport. */
export const TRANSPORT_FRAMES: FuzzTarget = {
  name: "transport_frames",
  weight: 40,
  maximumLength: 1024,
  allocation: { largest: 256 * 1024, total: 1024 * 1024 },
  seeds: [concatBytes(Uint8Array.of(3), encodeFrame(ascii("client")), encodeFrame(ascii("x")))],
  generate: anyFrames,
  run(input) {
    const [choice = 0] = input;
    const stream = input.subarray(1);
    const limit = FRAME_LIMITS[choice & 1] ?? 0;
    const whole = readFrames([stream], limit);
    demand(whole === readFrames(cutBytes(stream, choice >> 1), limit), "cutting matters");
  },
};

function anyFrames(random: Random): Uint8Array {
  const frames = several(1 + below(6, random), () =>
    encodeFrame(new Uint8Array(below(random() < 0.2 ? 310 : 20, random)).fill(below(256, random))),
  );
  return concatBytes(Uint8Array.of(below(256, random)), ...frames);
}
