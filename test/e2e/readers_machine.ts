/**
 * The machine on which a reader follows a tutorial in a copy of this checkout: this one, with the
 * database of the tests; or, when `ACRA_FRESH_ROOT` names one, a root folder in which nothing but the
 * distribution's base is installed:
 *
 *     debootstrap --variant=minbase --include=ca-certificates bookworm FOLDER
 *     mount -t proc proc FOLDER/proc && mount --bind /dev FOLDER/dev
 *     ACRA_FRESH_ROOT=FOLDER scripts/test --e2e
 */

import { mkdtempSync } from "node:fs";
import { join, relative } from "node:path";
import { startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { Shell } from "../harness/shell_blocks.ts";
import { copyCheckout } from "./checkout.ts";

const INSTALL_TIMEOUT_MS = 600_000;

/** A machine, and what differs from what the reader has. */
export interface ReadersMachine {
  /** In the copy of the checkout. */
  readonly shell: Shell;
  readonly databasePort: number;
  /** Installs packages of the distribution, and starts its PostgreSQL. */
  install(commands: string): Promise<void>;
  /** Runs commands as whoever owns the database. */
  runAsDatabaseOwner(commands: string): Promise<string>;
  stop(): Promise<void>;
}

/** A machine; `env` is added to what its shell begins with. */
export async function startReadersMachine(env: Record<string, string>): Promise<ReadersMachine> {
  const root = process.env["ACRA_FRESH_ROOT"];
  return root ? await startInRoot(root, env) : await startHere(env);
}

/** The packages are there already, and whoever is postgres needs no address and no password. */
async function startHere(env: Record<string, string>): Promise<ReadersMachine> {
  const folder = join(makeTemporaryFolder(), "acra");
  await copyCheckout(folder);
  const database = await startPostgres();
  const { host, port, user, password } = database;
  const owner = `PGHOST=${host} PGPORT=${port} PGUSER=${user} PGPASSWORD=${password}`;
  const shell = new Shell({ cwd: folder, env });
  return {
    shell,
    databasePort: port,
    install: async () => {},
    runAsDatabaseOwner: (commands) => shell.run(`(\nexport ${owner}\n${commands}\n)`),
    async stop() {
      await shell.stop();
      await database.stop();
    },
  };
}

async function startInRoot(root: string, env: Record<string, string>): Promise<ReadersMachine> {
  const folder = mkdtempSync(join(root, "root/acra-"));
  await copyCheckout(folder);
  const shell = new Shell({
    cwd: root,
    env: { HOME: "/root", DEBIAN_FRONTEND: "noninteractive", ...env },
    command: ["chroot", root, "sh"],
  });
  await shell.run(`cd /${relative(root, folder)}`);
  return {
    shell,
    databasePort: 5432,
    async install(commands) {
      await shell.run(commands, INSTALL_TIMEOUT_MS);
      await shell.run("service postgresql restart");
    },
    runAsDatabaseOwner: (commands) => shell.run(`su postgres <<'AS_OWNER'\n${commands}\nAS_OWNER`),
    async stop() {
      await runProcess(["chroot", root, "service", "postgresql", "stop"]);
      await shell.stop();
    },
  };
}
