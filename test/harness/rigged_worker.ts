/** The real thread of the program, until a file appears. */

import { existsSync } from "node:fs";
import "../../src/worker.ts";

const file = process.env["ACRA_TEST_CRASH"] ?? "";
if (!existsSync(file)) {
  setInterval(() => existsSync(file) && process.exit(7), 20);
}
