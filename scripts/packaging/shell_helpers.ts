/**
 * Completions and man pages for the package, out of the same tables as everything else; each is made by
 * the command or script that users have for it.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dir, "..", "..");
const MAN_SCRIPT = join(ROOT, "scripts/man.ts");

/** Shell → where its completions for everybody lie. */
const COMPLETIONS = {
  bash: "usr/share/bash-completion/completions/acra",
  zsh: "usr/share/zsh/vendor-completions/_acra",
  fish: "usr/share/fish/vendor_completions.d/acra.fish",
} as const;

/** Those that are looked for by the name of the program. */
export const COMPLETIONS_BY_NAME: readonly string[] = [COMPLETIONS.bash, COMPLETIONS.fish];

/** Path in the package → content. */
export function makeCompletions(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(COMPLETIONS).map(([shell, path]) => [
      path,
      run([join(ROOT, "src/main.ts"), "completions", shell]),
    ]),
  );
}

/** File name → content of every man page. */
export function makeManPages(): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "acra-man-"));
  try {
    run([MAN_SCRIPT, folder]);
    return new Map(
      readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), "utf8")]),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(command: readonly string[]): string {
  const child = Bun.spawnSync([process.execPath, ...command], { cwd: ROOT });
  if (!child.success) {
    throw new Error(`${command.join(" ")}: ${child.stderr.toString()}`);
  }
  return child.stdout.toString();
}
