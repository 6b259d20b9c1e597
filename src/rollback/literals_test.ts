/** Literals, byte for byte as the original writes them. */

import { expect } from "bun:test";
import { base64, forEachVector, text } from "../../test/vectors/vectors.ts";
import { formatEscapeLiteral, formatHexLiteral } from "./literals.ts";

forEachVector(
  "acra",
  "pg_bytea_encodings",
  {
    raw_b64: base64,
    hex_utf8: text,
    escape_utf8: text,
    mysql_literal_utf8: text,
    rollback_hex_utf8: text,
    rollback_escape_utf8: text,
  },
  ({ raw_b64, rollback_hex_utf8, rollback_escape_utf8 }) => {
    expect(formatHexLiteral(raw_b64)).toBe(rollback_hex_utf8);
    expect(formatEscapeLiteral(raw_b64)).toBe(rollback_escape_utf8);
  },
);
