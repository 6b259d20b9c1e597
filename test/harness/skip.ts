/** Tests that need something of the machine: run when it is there, else skipped with a printed reason. */

import { test } from "bun:test";
import type { Missing } from "./missing.ts";

export {
  type Missing,
  missingLinux,
  missingProgram,
  missingPythonModule,
  missingRoot,
  PYTHON,
} from "./missing.ts";

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
