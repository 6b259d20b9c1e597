/** Whatever a field holds, a line stays one line and means what was logged: seeded random texts. */

import { expect, test } from "bun:test";
import { createLog } from "../src/log/mod.ts";
import { parseCef } from "./harness/cef.ts";
import { seededRandom } from "./harness/pg_peers.ts";

const CASES = process.env["SLOW"] ? 100_000 : 5_000;
/** What breaks lines, fields and quotes; blanks and letters in between. */
const PIECES = [
  ..."\n\r\t\0\v\f\x07\x1b\x7f\x85\x9b\u2028\u2029|=\\\"'<>&{}:,",
  ..."\ud800\udfff\u{1f600}é\u00a0\u202e",
  "\r\n",
  "\\|",
  "\\=",
  " key=",
  "|6|",
  "CEF:0|",
  'x="',
  "a b ",
  "level=error",
  '","level":"info","x":"',
];

const random = seededRandom(1_234);

function hostileText(): string {
  const length = Math.floor(random() * 12);
  return Array.from({ length }, () => PIECES[Math.floor(random() * PIECES.length)]).join("");
}

/** The line that a logger writes, as a reader of UTF-8 gets it. */
function lineOf(format: string, message: string, error: string): string {
  let line = "";
  const log = createLog({
    product: "acra-server",
    version: "0.82.0",
    kind: "daemon",
    format,
    colours: false,
    level: "debug",
    stream: {
      write: (text, done) => {
        line += text;
        done();
      },
      on: () => {},
    },
  });
  log.error(message, { code: 535, error, client_id: "c" });
  const bytes = new TextEncoder().encode(line);
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  expect(text.endsWith("\n")).toBe(true);
  expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
  return text.slice(0, -1);
}

/** What CEF leaves of a text: blanks for what cannot stand in a line, none at its ends. */
function cefText(text: string): string {
  const clean = text
    .toWellFormed()
    .trim()
    .replace(/[\p{Cc}\u2028\u2029]/gu, " ");
  return clean === "" ? " " : clean;
}

test(`${CASES} hostile texts come out of json as they were`, () => {
  for (let count = 0; count < CASES; count++) {
    const [message, error] = [hostileText(), hostileText()];
    expect(JSON.parse(lineOf("json", message, error))).toMatchObject({
      msg: message.toWellFormed(),
      error: error.toWellFormed(),
      level: "error",
      code: 535,
    });
  }
});

test(`${CASES} hostile texts come out of cef but for what cannot stand in a line`, () => {
  for (let count = 0; count < CASES; count++) {
    const [message, error] = [hostileText(), hostileText()];
    const { fields, ...head } = parseCef(lineOf("cef", message, error));
    expect(head).toMatchObject({ code: 535, severity: 6, message: cefText(message) });
    expect([...fields.keys()]).toEqual(["client_id", "error", "unixTime"]);
    expect(fields.get("error")).toBe(cefText(error));
  }
});

test(`${CASES} hostile texts stay in their quotes in plaintext`, () => {
  const line =
    /^time="[^"]+" level=error (?:msg=(?:[^ "]+|"(?:[^"\\]|\\.)*") )?client_id=c code=535 error=(?:[^ "]+|"(?:[^"\\]|\\.)*")$/u;
  for (let count = 0; count < CASES; count++) {
    expect(lineOf("plaintext", hostileText(), hostileText())).toMatch(line);
  }
});

test("the reader of CEF refuses what the rules do not allow", () => {
  const good = "CEF:0|cossacklabs|acra-server|0.82.0|100|text|1|a=b c unixTime=1.000 ";
  expect(parseCef(good).fields).toEqual(
    new Map([
      ["a", "b c"],
      ["unixTime", "1.000"],
    ]),
  );
  for (const bad of [
    good.trimEnd(),
    good.replace("CEF:0", "<14>CEF:0"),
    good.replace("100", ""),
    good.replace("text", "te=xt"),
    good.replace("text", "te\\xt"),
    good.replace("b c", "b|c"),
    good.replace("b c", "b==c"),
    good.replace("b c", "b\\nc"),
    good.replace("b c", "b\tc"),
    good.replace("a=", "=a="),
    good.replace("a=", "z="),
    good.replace("|1|", "|x|"),
  ]) {
    expect(() => parseCef(bad)).toThrow(SyntaxError);
  }
});
