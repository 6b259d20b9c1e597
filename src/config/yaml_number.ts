/**
 * Numbers in YAML as the original's parser reads and prints them: what counts as a number, and the
 * text that a flag gets for it (acra-cli.md §3.2). The text, not a number, is the resolved value.
 */

import type { ScalarTag } from "yaml";

const INTEGER = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const FLOAT = /^[+-]?[0-9]*\.?[0-9]+(?:[eE][+-][0-9]+)?$/;

/** Floats are printed with an exponent from this power of ten on. */
const EXPONENT_FROM = 6;

/** The tag for plain scalars that look like a number. */
export const NUMBER_TAG: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  test: /^(?:[+-]?[0-9.][0-9a-fA-FxXoO_.+-]*|[+-]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/,
  identify: () => false,
  resolve: formatNumber,
};

/** The text of a number; anything else stays as it is. */
export function formatNumber(text: string): string {
  const plain = text.replaceAll("_", "");
  const integer = readInteger(plain);
  if (integer !== null && integer >= -(2n ** 63n) && integer < 2n ** 64n) {
    return String(integer);
  }
  if (FLOAT.test(plain)) {
    return formatFloat(Number(plain));
  }
  if (/^[+-]?\.inf$/i.test(text)) {
    return text.startsWith("-") ? "-Inf" : "+Inf";
  }
  return /^\.nan$/i.test(text) ? "NaN" : text;
}

function readInteger(text: string): bigint | null {
  const [, sign, hex, binary, octal, decimal] = INTEGER.exec(text) ?? [];
  const digits = prefixed("0x", hex) ?? prefixed("0b", binary) ?? prefixed("0o", octal) ?? decimal;
  if (digits === undefined) {
    return null;
  }
  return sign === "-" ? -BigInt(digits) : BigInt(digits);
}

function prefixed(prefix: string, digits: string | undefined): string | undefined {
  return digits === undefined ? undefined : prefix + digits;
}

/** Shortest digits, as Go's `%v` prints a float: `1.1`, `1e+06`, `1e-05`. */
function formatFloat(value: number): string {
  if (!Number.isFinite(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (value === 0 || (power >= -4 && power < EXPONENT_FROM)) {
    return Object.is(value, -0) ? "-0" : String(value);
  }
  const digits = String(Math.abs(power)).padStart(2, "0");
  return `${mantissa}e${power < 0 ? "-" : "+"}${digits}`;
}
