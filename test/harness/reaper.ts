/**
 * Leaves nothing behind, however this process ends. A small shell holds the reading end of a pipe;
 * when the pipe closes (exit, error, Ctrl-C, even SIGKILL) it ends the processes and removes the
 * folders that were entrusted to it. It is its own session, so that a terminal's Ctrl-C misses it.
 */

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isReachableByOthers } from "./users.ts";

/** Lines `process PID SIGNAL`, `forget PID`, `folder PATH`; then the end of the file. */
const SCRIPT = `
trap '' INT HUP TERM QUIT
processes=" " folders=""
while read -r verb value signal; do
  case "$verb" in
    process) processes="$processes$value:$signal " ;;
    forget)
      rest=" "
      for entry in $processes; do
        [ "\${entry%:*}" = "$value" ] || rest="$rest$entry "
      done
      processes="$rest" ;;
    folder) folders="$folders$value\${signal:+ $signal}
" ;;
  esac
done
for entry in $processes; do kill -s "\${entry#*:}" "\${entry%:*}" 2>/dev/null; done
tries=0
while [ "$tries" -lt 40 ]; do
  alive=""
  for entry in $processes; do
    kill -0 "\${entry%:*}" 2>/dev/null || continue
    grep -q '^State:.*Z' "/proc/\${entry%:*}/status" 2>/dev/null || alive=yes
  done
  [ -n "$alive" ] || break
  sleep 0.05
  tries=$((tries + 1))
done
for entry in $processes; do kill -s KILL "\${entry%:*}" 2>/dev/null; done
printf '%s' "$folders" | while IFS= read -r folder; do rm -rf -- "$folder"; done
`;

type EndSignal = "TERM" | "QUIT" | "KILL";

let pipe: ReturnType<typeof startReaper> | null = null;

/** Ends the processes and removes the folders now, and waits until that is done. */
export async function reapNow(): Promise<void> {
  const reaper = pipe;
  pipe = null;
  if (reaper !== null) {
    await reaper.stdin.end();
    await reaper.exited;
  }
}

/** Has a process ended when this one is gone. */
export function reapProcess(pid: number, signal: EndSignal): void {
  tell(`process ${pid} ${signal}`);
}

/** The process is gone: its number may soon be another's. */
export function forgetProcess(pid: number): void {
  tell(`forget ${pid}`);
}

/** A fresh folder that others may enter and that is removed when this process is gone. */
export function makeTemporaryFolder(): string {
  const bases = [tmpdir(), "/tmp", "/var/tmp"];
  const base = bases.find(isReachableByOthers) ?? tmpdir();
  const folder = mkdtempSync(join(base, "acra-test-"));
  tell(`folder ${folder}`);
  return folder;
}

function tell(line: string): void {
  pipe ??= startReaper();
  pipe.stdin.write(`${line}\n`);
  pipe.stdin.flush();
}

function startReaper() {
  const reaper = Bun.spawn(["/bin/sh", "-c", SCRIPT], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  reaper.unref();
  return reaper;
}
