/** docs/troubleshooting.md quotes what acra really says, and names checks that the doctor has. */

import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
/** What PostgreSQL and the drivers say. */
const OF_OTHERS = [
  "connection refused",
  "password authentication failed",
  "no pg_hba.conf entry for host",
  "channel binding",
];

const page = readFileSync(join(ROOT, "docs/troubleshooting.md"), "utf8");
const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts") && !name.endsWith("_test.ts"))
  .map((name) => readFileSync(join(ROOT, "src", name), "utf8"))
  .join("\n");

/** Quoted texts with a blank in them that are no commands, flags or values. */
function quotedLines(): string[] {
  const prose = page.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/`([^`]+)`/g)]
    .map(([, text = ""]) => text.replaceAll("\n", " "))
    .filter((text) => text.includes(" "))
    .filter((text) => !/^(?:acra|systemctl|journalctl|base64|chmod|ALTER|psql) /.test(text))
    .filter((text) => !OF_OTHERS.includes(text));
}

test("the lines that the page quotes are those of the program", () => {
  const quoted = quotedLines();
  expect(quoted.length).toBeGreaterThan(25);
  const isThere = (text: string) => text.split("…").every((part) => sources.includes(part));
  expect(quoted.filter((text) => !isThere(text))).toEqual([]);
});

test("the checks that the page sends readers to are those of the doctor", () => {
  const named = [...page.matchAll(/`acra doctor[^`]*`: ([a-z_]+(?: key| records)?)/g)];
  const checks = [...new Set(named.map(([, check = ""]) => check))];
  expect(checks.length).toBeGreaterThan(7);
  const known = [...sources.matchAll(/check(?::| =) "([^"]+)"|Gathering\("([^"]+)"\)/g)];
  const names = new Set(known.flatMap(([, a, b]) => [a ?? "", b ?? ""]));
  expect(checks.filter((check) => !names.has(check))).toEqual([]);
});
