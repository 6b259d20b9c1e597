/** Hexadecimal text, held as ASCII bytes because that is how it travels in a database protocol. */

const DIGITS = new TextEncoder().encode("0123456789abcdef");
const NOT_A_DIGIT = 0xff;
const DIGIT_VALUES = makeDigitValues();
const DIGIT_PAIRS = makeDigitPairs();
/** Digits from which on the platform's decoder is worth the string that it wants. */
const NATIVE_FROM = 256;
const latin1 = new TextDecoder("latin1");

/** Two lower-case digits for each byte; `prefix` characters before them, which the caller fills, an even number. */
export function encodeHex(bytes: Uint8Array, prefix = 0): Uint8Array {
  const text = new Uint16Array(prefix / 2 + bytes.length);
  for (let index = 0, at = prefix / 2; index < bytes.length; index++, at++) {
    text[at] = DIGIT_PAIRS[bytes[index] ?? 0] ?? 0;
  }
  return new Uint8Array(text.buffer);
}

/** The bytes written in hexadecimal digits of either case; `null` when `text` is anything else. */
export function decodeHex(text: Uint8Array): Uint8Array | null {
  if (text.length % 2 !== 0) {
    return null;
  }
  if (text.length >= NATIVE_FROM && Uint8Array.fromHex !== undefined) {
    return decodeNatively(text);
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    const high = DIGIT_VALUES[text[index * 2] ?? 0] ?? NOT_A_DIGIT;
    const low = DIGIT_VALUES[text[index * 2 + 1] ?? 0] ?? NOT_A_DIGIT;
    if ((high | low) === NOT_A_DIGIT) {
      return null;
    }
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

/** The platform's own decoder reads several digits at once; not every browser has it. */
function decodeNatively(text: Uint8Array): Uint8Array | null {
  try {
    return Uint8Array.fromHex(latin1.decode(text));
  } catch {
    return null;
  }
}

/** The two digits of each byte as they lie in memory, whatever the order of its bytes. */
function makeDigitPairs(): Uint16Array {
  const pairs = new Uint16Array(256);
  const digits = new Uint8Array(pairs.buffer);
  for (let value = 0; value < pairs.length; value++) {
    digits[value * 2] = DIGITS[value >> 4] ?? 0;
    digits[value * 2 + 1] = DIGITS[value & 0x0f] ?? 0;
  }
  return pairs;
}

function makeDigitValues(): Uint8Array {
  const values = new Uint8Array(256).fill(NOT_A_DIGIT);
  for (const [value, digit] of DIGITS.entries()) {
    values[digit] = value;
    values[String.fromCharCode(digit).toUpperCase().charCodeAt(0)] = value;
  }
  return values;
}
