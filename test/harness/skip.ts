/** Tests that need something of the machine: run when it is there, else skipped with a printed reason. */

import { test } from "bun:test";

/** Why something is missing, or `null` when it is there. */
export type Missing = string | null;

/**
 * A test that is skipped, and says why on a line of its own, when `missing` is a reason.
 * `scripts/test` gathers these lines.
 */
export function testUnless(
  missing: Missing,
  name: string,
  body: () => void | Promise<void>,
  timeoutMs?: number,
): void {
  if (missing === null) {
    test(name, body, timeoutMs);
  } else {
    console.log(`skip: ${name}: ${missing}`);
    test.skip(name, body);
  }
}

/** Looks for a program that answers `--version`. */
export function missingProgram(name: string): Missing {
  const path = Bun.which(name);
  if (path === null) {
    return `no program ${name} on PATH`;
  }
  const answer = Bun.spawnSync([path, "--version"], { stdio: ["ignore", "ignore", "ignore"] });
  return answer.success ? null : `${name} --version fails`;
}

/** The Python whose modules come from the distribution's packages. */
export const PYTHON = Bun.which("python3", { PATH: `/usr/bin:${process.env["PATH"] ?? ""}` }) ?? "";

/** Looks for a module of Python. */
export function missingPythonModule(name: string): Missing {
  if (PYTHON === "") {
    return "no python3 on PATH";
  }
  const answer = Bun.spawnSync([PYTHON, "-c", `import ${name}`], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  return answer.success ? null : `python3 has no module ${name}`;
}
