/** Zone ids: form, randomness, delivery, and where they are found. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { base64, forEachVector, text } from "../../test/vectors/vectors.ts";
import { decodePrivateKey, decodePublicKey } from "../themis/mod.ts";
import { findZoneIds, formatZone, generateZoneId, isZoneId, type ZoneIdPlace } from "./mod.ts";

const ID = "DDDDDDDDDmakNnozaoSQFnDW";
const OTHER = "DDDDDDDDahaZSPdQCIdrlUnU";

function find(bytes: string | Uint8Array, place: ZoneIdPlace): readonly string[] {
  return [...findZoneIds(typeof bytes === "string" ? Buffer.from(bytes) : bytes, place)];
}

forEachVector(
  "acra",
  "zones",
  { addzone_stdout: text, id: text, public_key_b64: base64, private_key_b64: base64 },
  (zone) => {
    expect(isZoneId(zone.id)).toBe(true);
    const publicKey = decodePublicKey(zone.public_key_b64);
    expect(`${formatZone({ id: zone.id, publicKey })}\n`).toBe(zone.addzone_stdout);
    expect(decodePrivateKey(zone.private_key_b64).publicKey.container).toEqual(publicKey.container);
  },
);

describe("generateZoneId", () => {
  test("makes ids of eight D and 16 letters, all letters about equally often", () => {
    const counts = new Map<string, number>();
    const ids = new Set<string>();
    for (let round = 0; round < 4000; round++) {
      const id = generateZoneId();
      expect(id).toMatch(/^D{8}[a-zA-Z]{16}$/);
      ids.add(id);
      for (const letter of id.slice(8)) {
        counts.set(letter, (counts.get(letter) ?? 0) + 1);
      }
    }
    expect(ids.size).toBe(4000);
    expect(counts.size).toBe(52);
    // Expected 1231 each; without drawing again the first 48 letters were a fourth more frequent.
    expect(Math.max(...counts.values()) / Math.min(...counts.values())).toBeLessThan(1.35);
  });
});

describe("isZoneId", () => {
  test("takes what the check of ids takes, behind the tag", () => {
    expect(isZoneId("DDDDDDDD0123456789_- abc")).toBe(true);
    for (const wrong of [
      "",
      "DDDDDDDD",
      ID.slice(1),
      `${ID}a`,
      `${ID}\n`,
      "DDDDDDDd0123456789abcdef",
      "DDDDDDDD../../etc/passwd",
    ]) {
      expect(isZoneId(wrong)).toBe(false);
    }
  });
});

describe("findZoneIds", () => {
  test("finds ids anywhere, in their order", () => {
    expect(find(`xx${OTHER}yy${ID}`, "anywhere")).toEqual([OTHER, ID]);
    expect(find("D".repeat(23), "anywhere")).toEqual([]);
    expect(find("", "anywhere")).toEqual([]);
  });

  test("finds ids at the start only, with anything behind", () => {
    expect(find(`${OTHER}\0tail`, "start")).toEqual([OTHER]);
    expect(find(`x${OTHER}`, "start")).toEqual([]);
    expect(find(`${OTHER}${ID}`, "start")).toEqual([OTHER]);
  });

  test("finds an id behind further letters D", () => {
    for (const place of ["start", "anywhere"] as const) {
      expect(find(`DDD${OTHER}`, place)).toContain(OTHER);
      expect(find(`${"D".repeat(100_000)}${OTHER}`, place)).toContain(OTHER);
    }
  });

  test("names the ids of a long run of D once", () => {
    const all = find("D".repeat(1_000_000), "anywhere");
    expect(all).toEqual(["D".repeat(24)]);
    expect(find(`${"D".repeat(1_000_000)}${OTHER}`, "start").length).toBeLessThan(20);
  });

  test("finds what a search at every offset finds", () => {
    const piece = fc.constantFrom("D", "DDDDDDDD", "a", "\0", ID, OTHER.slice(8), " ");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const bytes = pieces.join("");
        const everywhere = Array.from(bytes, (_, at) => bytes.slice(at, at + 24)).filter(isZoneId);
        const leading = bytes.length - bytes.replace(/^D+/, "").length;
        const starting = Array.from({ length: Math.max(0, leading - 7) }, (_, at) =>
          bytes.slice(at, at + 24),
        ).filter(isZoneId);
        expect(new Set(find(bytes, "anywhere"))).toEqual(new Set(everywhere));
        expect(new Set(find(bytes, "start"))).toEqual(new Set(starting));
      }),
    );
  });
});
