/**
 * Who follows docs/quickstart.md, with what the page asks of him: this machine with the database of the
 * tests and ports that are free; or, when `ACRA_FRESH_ROOT` names one, a root folder in which nothing but
 * the distribution's base is installed (test/e2e/readers_machine.ts tells how one is made), and the ports
 * of the page.
 */

import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { acraCommand, acraLauncher } from "./acra.ts";
import { findFreePort } from "./ports.ts";
import { startPostgres } from "./postgres.ts";
import { runProcess } from "./process.ts";
import { makeTemporaryFolder } from "./reaper.ts";
import { Shell } from "./shell_blocks.ts";
import { PYTHON } from "./skip.ts";

const ROOT = join(import.meta.dir, "../..");
const INSTALL_TIMEOUT_MS = 600_000;

/** A shell in a folder of the reader's own, in which lie the release and this repository's examples. */
export interface QuickstartReader {
  readonly shell: Shell;
  /** Port of the page → the one to use. */
  readonly ports: Readonly<Record<string, number>>;
  /** Runs commands as whoever owns the database. */
  runAsDatabaseOwner(commands: string): Promise<string>;
  stop(): Promise<void>;
}

/** `release`: name of the downloaded executable on the page. */
export async function startQuickstartReader(release: string): Promise<QuickstartReader> {
  const root = process.env["ACRA_FRESH_ROOT"];
  return root ? await startInRoot(root, release) : await startHere(release);
}

async function startHere(release: string): Promise<QuickstartReader> {
  const database = await startPostgres();
  const folder = makeTemporaryFolder();
  layRelease(folder, release, acraLauncher());
  mkdirSync(join(folder, "home"));
  symlinkSync(join(ROOT, "examples"), join(folder, "examples"));
  // Python as the distribution has it, with its packages.
  mkdirSync(join(folder, "bin"));
  symlinkSync(PYTHON, join(folder, "bin/python3"));
  const shell = new Shell({
    cwd: folder,
    env: {
      HOME: join(folder, "home"),
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      PYTHONDONTWRITEBYTECODE: "1",
    },
  });
  const { host, port, user, password } = database;
  const owner = `PGHOST=${host} PGPORT=${port} PGUSER=${user} PGPASSWORD=${password}`;
  return {
    shell,
    ports: { 5432: port, 9393: await findFreePort(), 9494: await findFreePort() },
    runAsDatabaseOwner: (commands) => shell.run(`(\nexport ${owner}\n${commands}\n)`),
    async stop() {
      await shell.stop();
      await database.stop();
    },
  };
}

async function startInRoot(root: string, release: string): Promise<QuickstartReader> {
  const [binary = "", ...more] = acraCommand();
  if (more.length > 0) {
    throw new Error("a fresh root has no runtime: set ACRA_BINARY to the compiled program");
  }
  const folder = mkdtempSync(join(root, "root/quickstart-"));
  layRelease(folder, release, readFileSync(binary));
  cpSync(join(ROOT, "examples/python"), join(folder, "examples/python"), { recursive: true });
  const shell = new Shell({
    cwd: root,
    env: {
      HOME: "/root",
      DEBIAN_FRONTEND: "noninteractive",
      PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    },
    command: ["chroot", root, "sh"],
  });
  await shell.run(
    "apt-get update -q && apt-get install -y -q postgresql python3-cryptography\n" +
      `service postgresql restart\ncd /${relative(root, folder)}`,
    INSTALL_TIMEOUT_MS,
  );
  return {
    shell,
    ports: { 5432: 5432, 9393: 9393, 9494: 9494 },
    runAsDatabaseOwner: (commands) => shell.run(`su postgres <<'AS_OWNER'\n${commands}\nAS_OWNER`),
    async stop() {
      await runProcess(["chroot", root, "su", "postgres", "-c", REMOVE_DATABASE]);
      await runProcess(["chroot", root, "service", "postgresql", "stop"]);
      await shell.stop();
    },
  };
}

/** So that the page can be followed in the same root again. */
const REMOVE_DATABASE = "psql -c 'DROP DATABASE shop WITH (FORCE)' -c 'DROP ROLE shop'";

/** The files that the first block expects to have been downloaded. */
function layRelease(folder: string, name: string, program: string | Uint8Array): void {
  writeFileSync(join(folder, name), program, { mode: 0o644 });
  const sum = createHash("sha256").update(program).digest("hex");
  writeFileSync(
    join(folder, "SHA256SUMS"),
    `${sum}  ${name}\n${sum.replace(/./g, "0")}  acra-for-another-machine\n`,
  );
}
