/** Streams cut into chunks, in ways that one byte of an input chooses. */

import { cutRandomly, seededRandom } from "../harness/pg_peers.ts";

/** Above this length a stream is not cut into single bytes. */
const BYTEWISE_UP_TO = 600;

/** The chunks of a stream: 0 leaves it whole, 1 cuts between all bytes, others as they come. */
export function cutBytes(bytes: Uint8Array, choice: number): Uint8Array[] {
  if (choice === 0) {
    return bytes.length === 0 ? [] : [bytes];
  }
  if (choice === 1 && bytes.length <= BYTEWISE_UP_TO) {
    return Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
  }
  const pieces = 2 + (choice % 7);
  return cutRandomly(Buffer.from(bytes), pieces, seededRandom(choice));
}
