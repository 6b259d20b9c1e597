import { expect, test } from "bun:test";
import { createLog, type LogOptions } from "./levelled_logger.ts";
import type { Logger } from "./logger.ts";
import { quoteText } from "./quote.ts";

/** 2018-08-30T12:00:00.068Z. */
const NOON = Date.UTC(2018, 7, 30, 12, 0, 0, 68);

/** The lines that a use of a logger writes; the zone is that of the machine, put back to UTC here. */
function linesOf(options: Partial<LogOptions>, use: (log: Logger) => void): string[] {
  const lines: string[] = [];
  const log = createLog({
    product: "acra-server",
    version: "0.82.0",
    kind: "daemon",
    format: "plaintext",
    colours: false,
    level: "debug",
    now: () => NOON,
    ...options,
    stream: {
      write: (text, done) => {
        lines.push(text.replaceAll(localNoon(), "2018-08-30T12:00:00Z"));
        done();
      },
      on: () => {},
    },
  });
  use(log);
  return lines;
}

function localNoon(): string {
  const minutes = -new Date(NOON).getTimezoneOffset();
  const local = new Date(NOON + minutes * 60_000).toISOString().slice(0, 19);
  const two = (value: number) => String(value).padStart(2, "0");
  const ahead = Math.abs(minutes);
  const zone = `${minutes < 0 ? "-" : "+"}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`;
  return `${local}${minutes === 0 ? "Z" : zone}`;
}

test("a plaintext line has the bytes of the original", () => {
  const [line] = linesOf({}, (log) =>
    log.error("Can't setup censor", { error: "open x: no such file or directory", code: 561 }),
  );
  expect(line).toBe(
    'time="2018-08-30T12:00:00Z" level=error msg="Can\'t setup censor" code=561 error="open x: no such file or directory"\n',
  );
});

test("plaintext leaves out an empty message, renames taken keys and marks empty values", () => {
  const use = (log: Logger) => log.info("", { msg: "a.b/c@d^e+f-g_h", z: "", level: true });
  const head =
    'time="2018-08-30T12:00:00Z" level=info fields.level=true fields.msg=a.b/c@d^e+f-g_h';
  expect(linesOf({}, use)).toEqual([`${head} z=""\n`]);
  expect(linesOf({ kind: "tool" }, use)).toEqual([`${head} z=\n`]);
});

test("a value that holds line ends stays on its line in every format", () => {
  for (const format of ["plaintext", "json", "cef"]) {
    const [line = ""] = linesOf({ format }, (log) =>
      log.info("a\nb", { error: "x\r\ny\u2028\x1b[1m\x7f\x85\x9b1m" }),
    );
    expect(line.trimEnd()).not.toMatch(/[\p{Cc}\u2028]/u);
  }
});

test("the form for terminals pads the message and colours level and keys", () => {
  const use = (log: Logger) => log.warning("short", { key: "a b" });
  expect(linesOf({ colours: true }, use)).toEqual([
    `\x1b[33mWARN\x1b[0m[2018-08-30T12:00:00Z] ${"short".padEnd(44)}  \x1b[33mkey\x1b[0m="a b"\n`,
  ]);
  expect(linesOf({ colours: true, kind: "tool" }, use)[0]).toStartWith(
    "\x1b[33mWARN\x1b[0m[0000] ",
  );
});

test("a json line has the bytes of the original", () => {
  const [line = ""] = linesOf({ format: "JSON", now: () => NOON + 20 }, (log) =>
    log.error("Configuration error: can't get config for TLS", {
      code: 532,
      error: "open b: no such file or directory",
    }),
  );
  expect(line).toBe(
    '{"code":532,"error":"open b: no such file or directory","level":"error","msg":"Configuration error: can\'t get config for TLS","product":"acra-server","timestamp":"2018-08-30T12:00:00Z","unixTime":"1535630400.088","version":"0.82.0"}\n',
  );
});

test("json escapes what Go escapes and stays readable", () => {
  const error = '<a>&\u2028\b\f\\b"\ud800';
  const [line = ""] = linesOf({ format: "json" }, (log) => log.info("m", { error, level: "x" }));
  expect(line).toContain('\\u003ca\\u003e\\u0026\\u2028\\u0008\\u000c\\\\b\\"\ufffd');
  expect(JSON.parse(line)).toMatchObject({ error: error.toWellFormed(), level: "info" });
  expect(JSON.parse(line)["fields.level"]).toBe("x");
});

test("a cef line has the bytes of the original", () => {
  const [line] = linesOf({ format: "Cef" }, (log) =>
    log.error("Configuration error: can't get config for TLS", {
      code: 532,
      error: "open b: no such file or directory",
    }),
  );
  expect(line).toBe(
    "CEF:0|cossacklabs|acra-server|0.82.0|532|Configuration error: can't get config for TLS|6|error=open b: no such file or directory unixTime=1535630400.068 \n",
  );
});

test("cef escapes pipes, backslashes and equals signs, trims, and quotes odd keys", () => {
  const [line] = linesOf({ format: "cef" }, (log) =>
    log.debug(" a|b\\c=d\te ", { "odd key": "", z: "p=q|" }),
  );
  expect(line).toBe(
    'CEF:0|cossacklabs|acra-server|0.82.0|100|a\\|b\\\\c\\=d e|0|"odd key"=  unixTime=1535630400.068 z=p\\=q\\| \n',
  );
});

test("an unknown format is plaintext", () => {
  expect(linesOf({ format: "xml" }, (log) => log.info("m"))[0]).toStartWith("time=");
});

test("a level that is off makes no line, errors always do", () => {
  const all = (log: Logger) => {
    log.debug("d");
    log.info("i");
    log.warning("w");
    log.error("e");
  };
  const count = (level: LogOptions["level"]) => linesOf({ level }, all).length;
  expect([count("debug"), count("info"), count("warning"), count("error")]).toEqual([4, 3, 2, 1]);
});

test("a stream that throws does not reach the caller", () => {
  const log = createLog({
    product: "p",
    version: "1",
    kind: "tool",
    format: "",
    colours: false,
    level: "info",
    stream: {
      write: () => {
        throw new Error("EPIPE");
      },
      on: () => {},
    },
  });
  expect(() => log.info("m")).not.toThrow();
});

test("a reader that stalls costs bounded memory and is told what it missed", () => {
  const waiting: (() => void)[] = [];
  let written = "";
  const log = createLog({
    product: "p",
    version: "1",
    kind: "daemon",
    format: "json",
    colours: false,
    level: "info",
    stream: {
      write: (text, done) => {
        written += text;
        waiting.push(done);
      },
      on: () => {},
    },
  });
  for (let line = 0; line < 3000; line++) {
    log.info("x".repeat(1000));
  }
  expect(written.length).toBeLessThan(1 << 20);
  const kept = waiting.length;
  for (const done of waiting.splice(0)) {
    done();
  }
  written = "";
  log.info("again".padEnd(2000));
  const [loss = "", again = ""] = written.split("\n");
  expect(JSON.parse(loss)).toMatchObject({ level: "warning", count: 3000 - kept });
  expect(JSON.parse(again)).toMatchObject({ msg: "again".padEnd(2000) });
});

test("quoteText writes what cannot be seen as Go does", () => {
  expect(quoteText('a"\\\n\x07\x00\x7f\u00a0é\u{1f600}\u200b\u{e0001}\ud800')).toBe(
    '"a\\"\\\\\\n\\a\\x00\\x7f\\u00a0é\u{1f600}\\u200b\\U000e0001\ufffd"',
  );
});
