/** A copy of this checkout, as somebody has it who fetched it just now. */

import { cpSync } from "node:fs";
import { join } from "node:path";
import { runProcess } from "../harness/process.ts";

/** The top of this checkout. */
export const CHECKOUT = join(import.meta.dir, "../..");

/** Copies what git knows or would take, and nothing that was built or installed. */
export async function copyCheckout(folder: string): Promise<void> {
  const list = ["git", "ls-files", "--cached", "--others", "--exclude-standard"];
  const { status, stdout, stderr } = await runProcess(list, { cwd: CHECKOUT });
  if (status !== 0) {
    throw new Error(`git ls-files: ${stderr}`);
  }
  for (const path of stdout.split("\n")) {
    cpSync(join(CHECKOUT, path), join(folder, path));
  }
}
