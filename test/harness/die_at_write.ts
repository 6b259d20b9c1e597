/**
 * Loaded before a program (`bun --preload`): kills it, without a last word, right after its write
 * number `DIE_AT_WRITE`. Every call that changes something on the disk is a write. The number of
 * writes of a whole run goes to the file `COUNT_WRITES`.
 */

const fs: Record<string, unknown> = require("node:fs");
const append = call("appendFileSync");
const dieAt = Number(process.env["DIE_AT_WRITE"] ?? 0);
const WRITES = [
  ...["openSync", "writeSync", "writeFileSync", "fsyncSync", "renameSync", "linkSync"],
  ...["rmSync", "mkdirSync", "fchmodSync", "fchownSync", "unlinkSync", "ftruncateSync"],
];
let count = 0;

for (const name of WRITES) {
  const original = call(name);
  fs[name] = (...args: unknown[]): unknown => {
    const result = original(...args);
    if (name !== "openSync" || isForWriting(args[1])) {
      count++;
      if (count === dieAt) {
        process.kill(process.pid, "SIGKILL");
      }
    }
    return result;
  };
}

const counted = process.env["COUNT_WRITES"];
if (counted !== undefined) {
  process.on("exit", () => append(counted, `${count}\n`));
}

function call(name: string): (...args: unknown[]) => unknown {
  const found = fs[name];
  if (typeof found !== "function") {
    throw new TypeError(`node:fs has no ${name}`);
  }
  return (...args) => found(...args);
}

function isForWriting(flags: unknown): boolean {
  return typeof flags === "string" && /[wa+]/.test(flags);
}
