/** CRC-32C (Castagnoli), the checksum of Soter containers: themis.md §2.1. */

const REFLECTED_POLYNOMIAL = 0x82f63b78;
const TABLE = makeTable();

/** The checksum as an unsigned number; `previous` goes on from the checksum of what came before. */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  let crc = ~previous;
  for (let index = 0; index < bytes.length; index++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

function makeTable(): Uint32Array {
  const table = new Uint32Array(256);
  for (let byte = 0; byte < table.length; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc >>> 1) ^ (crc & 1 ? REFLECTED_POLYNOMIAL : 0);
    }
    table[byte] = crc;
  }
  return table;
}
