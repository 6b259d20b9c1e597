/** Lines of a JSON log as objects. */

import { expect } from "bun:test";

/** One line. */
export type LogLine = Readonly<Record<string, unknown>>;

/** Reads lines, each of which has to be a JSON object. */
export function readJsonLines(lines: readonly string[]): LogLine[] {
  return lines.map((line) => {
    const value: unknown = JSON.parse(line);
    expect(value).toBeObject();
    return value as LogLine;
  });
}

/** Whether an operator sees the line without `-v` or `-d`, and has to do something. */
export function isFailure(line: LogLine): boolean {
  return line["level"] === "warning" || line["level"] === "error";
}
