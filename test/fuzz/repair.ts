/** Makes the checksums of changed containers fit again, so that what lies behind them is reached. */

import { encodeContainer } from "../../src/themis/container.ts";

const HEADER_LENGTH = 12;
/** The inner ones first: their checksums are covered by the outer one. */
const TAGS = ["TSID", "UEC2", "TSPM"];

/** A copy in which every container that lies in it whole has its right checksum. */
export function repairChecksums(bytes: Uint8Array): Uint8Array {
  const repaired = Buffer.from(bytes);
  for (const tag of TAGS) {
    const at = repaired.indexOf(tag, 0, "latin1");
    const left = repaired.length - at;
    const length = at < 0 || left < HEADER_LENGTH ? 0 : repaired.readUInt32BE(at + 4);
    if (length >= HEADER_LENGTH && length <= left) {
      const payload = repaired.subarray(at + HEADER_LENGTH, at + length);
      repaired.set(encodeContainer(tag, payload), at);
    }
  }
  return new Uint8Array(repaired);
}
