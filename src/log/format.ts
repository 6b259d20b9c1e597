/** The three forms of a log line, byte for byte those of the original (acra-cli.md §6.2–6.4). */

import { EVENT } from "./event.ts";
import type { LogFields } from "./logger.ts";
import { quoteText } from "./quote.ts";
import { formatTime, formatUnixTime } from "./time.ts";

/** Levels by weight. */
export type LogLevel = "debug" | "info" | "warning" | "error";

/** One line before it is text. */
export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Who logs. */
export interface LogIdentity {
  /** Service name: `acra-server`. */
  readonly product: string;
  readonly version: string;
  readonly kind: "daemon" | "tool";
}

/** Makes the text of one line, its end included. */
export type LogFormatter = (entry: LogEntry) => string;

const BARE = /^[A-Za-z0-9\-._/@^+]+$/;

function sortFields(fields: LogFields, reserved: readonly string[]): [string, LogFields[string]][] {
  return Object.entries(fields)
    .map(([key, value]): [string, LogFields[string]] => [
      reserved.includes(key) ? `fields.${key}` : key,
      value,
    ])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function formatValue(value: LogFields[string], kind: LogIdentity["kind"]): string {
  const text = String(value);
  if (text === "") {
    return kind === "daemon" ? '""' : "";
  }
  return BARE.test(text) ? text : quoteText(text);
}

const PLAIN_RESERVED = ["time", "level", "msg"];

/** `time="…" level=info msg="…" code=500`: plaintext where stderr is not a terminal. */
export function createPlainFormatter({ kind }: LogIdentity): LogFormatter {
  return ({ time, level, message, fields }) => {
    let line = `time="${formatTime(time)}" level=${level}`;
    if (message !== "") {
      line += ` msg=${formatValue(message, kind)}`;
    }
    for (const [key, value] of sortFields(fields, PLAIN_RESERVED)) {
      line += ` ${key}=${formatValue(value, kind)}`;
    }
    return `${line}\n`;
  };
}

const COLOURS: Readonly<Record<LogLevel, number>> = { debug: 37, info: 36, warning: 33, error: 31 };

/** `INFO[2018-08-30T12:00:00Z] message   key=value` in colours: plaintext on a terminal. */
export function createTerminalFormatter({ kind }: LogIdentity, started: number): LogFormatter {
  return ({ time, level, message, fields }) => {
    const colour = COLOURS[level];
    const when =
      kind === "daemon"
        ? formatTime(time)
        : String(Math.floor((time - started) / 1000)).padStart(4, "0");
    const text = message.replace(/\p{Cc}/gu, " ").padEnd(44);
    let line = `\x1b[${colour}m${level.slice(0, 4).toUpperCase()}\x1b[0m[${when}] ${text} `;
    for (const [key, value] of sortFields(fields, PLAIN_RESERVED)) {
      line += ` \x1b[${colour}m${key}\x1b[0m=${formatValue(value, kind)}`;
    }
    return `${line}\n`;
  };
}

const JSON_RESERVED = ["timestamp", "unixTime", "level", "msg", "product", "version"];

/**
 * What `JSON.stringify` writes otherwise than the encoder of the original; that one leaves U+007F to
 * U+009F as they are, which end lines and move cursors where a person reads.
 */
const GO_JSON = /\\\\|[<>&\x7f-\x9f\u2028\u2029]|\\[bf]/g;
const JSON_SHORT: Readonly<Record<string, string>> = { "\\b": "\\u0008", "\\f": "\\u000c" };

/** One JSON object a line. */
export function createJsonFormatter({ product, version }: LogIdentity): LogFormatter {
  return ({ time, level, message, fields }) => {
    const parts = sortFields(
      {
        ...Object.fromEntries(sortFields(fields, JSON_RESERVED)),
        level,
        msg: message,
        product,
        timestamp: formatTime(time),
        unixTime: formatUnixTime(time),
        version,
      },
      [],
    ).map(([key, value]) => `${encodeJson(key)}:${encodeJson(value)}`);
    return `{${parts.join(",")}}\n`;
  };
}

function encodeJson(value: LogFields[string]): string {
  const sound = typeof value === "string" ? value.toWellFormed() : value;
  return JSON.stringify(sound).replace(GO_JSON, (match) =>
    match === "\\\\"
      ? match
      : (JSON_SHORT[match] ?? `\\u${match.charCodeAt(0).toString(16).padStart(4, "0")}`),
  );
}

const SEVERITIES: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 3, error: 6 };

/** `CEF:0|cossacklabs|PRODUCT|VERSION|CODE|MESSAGE|SEVERITY|key=value ` with the blank at the end. */
export function createCefFormatter({ product, version }: LogIdentity): LogFormatter {
  const vendor = `CEF:0|cossacklabs|${escapeCef(product)}|${escapeCef(version)}`;
  return ({ time, level, message, fields }) => {
    const { code = EVENT.none, ...others } = fields;
    let line = `${vendor}|${escapeCef(String(code))}|${escapeCef(message)}|${SEVERITIES[level]}|`;
    for (const [key, value] of sortFields({ ...others, unixTime: formatUnixTime(time) }, [])) {
      line += `${BARE.test(key) ? key : quoteText(key)}=${escapeCef(String(value))} `;
    }
    return `${line}\n`;
  };
}

/** The original blanks newline and tab; the other control characters go the same way here. */
function escapeCef(text: string): string {
  const clean = text
    .trim()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, " ")
    .replace(/[\\|=]/g, "\\$&");
  return clean === "" ? " " : clean;
}
