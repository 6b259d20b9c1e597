/** Hexadecimal text, held as ASCII bytes because that is how it travels in a database protocol. */

const DIGITS = new TextEncoder().encode("0123456789abcdef");
const NOT_A_DIGIT = 0xff;
const DIGIT_VALUES = makeDigitValues();

/** Two lower-case digits for each byte. */
export function encodeHex(bytes: Uint8Array): Uint8Array {
  const text = new Uint8Array(bytes.length * 2);
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index] ?? 0;
    text[index * 2] = DIGITS[byte >> 4] ?? 0;
    text[index * 2 + 1] = DIGITS[byte & 0x0f] ?? 0;
  }
  return text;
}

/** The bytes written in hexadecimal digits of either case; `null` when `text` is anything else. */
export function decodeHex(text: Uint8Array): Uint8Array | null {
  if (text.length % 2 !== 0) {
    return null;
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

function makeDigitValues(): Uint8Array {
  const values = new Uint8Array(256).fill(NOT_A_DIGIT);
  for (const [value, digit] of DIGITS.entries()) {
    values[digit] = value;
    values[String.fromCharCode(digit).toUpperCase().charCodeAt(0)] = value;
  }
  return values;
}
