/**
 * A machine to install things on, with systemd as its first process, made of namespaces over this one's
 * files (machine.sh). What happens in it changes nothing here.
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type Missing, missingLinux, missingProgram, missingRoot } from "../harness/missing.ts";
import {
  type FinishedProcess,
  type RunningProcess,
  runProcess,
  startProcess,
} from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const NAMESPACES = ["--cgroup", "--mount", "--pid", "--uts", "--ipc"];
const BOOT_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 120_000;

/** Why no such machine can be made here, `null` when it can. */
export function missingMachine(): Missing {
  return (
    missingLinux ??
    missingRoot ??
    missingProgram("unshare") ??
    missingProgram("nsenter") ??
    (existsSync("/lib/systemd/systemd") ? null : "systemd is not installed") ??
    (findCgroups() === null ? "no cgroup2 file system is mounted" : null) ??
    missingOverlay()
  );
}

function missingOverlay(): Missing {
  const folder = makeTemporaryFolder();
  const script =
    'mount -t tmpfs t "$1" && cd "$1" && mkdir u w r && ' +
    "mount -t overlay o -o lowerdir=/,upperdir=u,workdir=w r";
  const probe = Bun.spawnSync(["unshare", "--mount", "sh", "-c", script, "sh", folder], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  return probe.success ? null : "no overlay over / can be mounted here";
}

/** Where the one tree of version 2 is, `null` when there is none. */
function findCgroups(): string | null {
  const mounts = readFileSync("/proc/mounts", "utf8");
  return /^\S+ (\S+) cgroup2 /m.exec(mounts)?.[1] ?? null;
}

/** A machine that has come up. */
export class Machine {
  readonly #process: RunningProcess;
  readonly #folder: string;
  readonly #cgroup: string;
  readonly #firstProcess: number;

  private constructor(
    process: RunningProcess,
    folder: string,
    cgroup: string,
    firstProcess: number,
  ) {
    this.#process = process;
    this.#folder = folder;
    this.#cgroup = cgroup;
    this.#firstProcess = firstProcess;
  }

  /**
   * Boots one.
   * @throws Error with what was said when it does not come up.
   */
  static async boot({ folders = [], network }: BootOptions = {}): Promise<Machine> {
    const folder = makeTemporaryFolder();
    const cgroup = join(findCgroups() ?? "", `acra-test-${crypto.randomUUID()}`);
    mkdirSync(cgroup);
    // The checkout, its packages and the runtime may lie where the machine has a /tmp of its own.
    const kept = [ROOT, resolve(ROOT, "node_modules"), dirname(process.execPath), ...folders];
    const keep = [...new Set(kept)].filter((path) => existsSync(path));
    const script = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"';
    const child = startProcess(
      [
        ...["sh", "-c", script, "sh", cgroup],
        ...(network === undefined ? ["unshare", "--net"] : [...network.#enterNetwork(), "unshare"]),
        ...[...NAMESPACES, "--fork", "--kill-child", "--"],
        ...[join(import.meta.dir, "machine.sh"), folder, ...keep],
      ],
      { endSignal: "KILL" },
    );
    try {
      const first = await findChild(child);
      const machine = new Machine(child, folder, cgroup, first);
      await machine.#untilUp();
      return machine;
    } catch (cause) {
      await child.stop("SIGKILL");
      removeCgroup(cgroup);
      throw new Error(`the machine did not come up:\n${child.stderr.text}`, { cause });
    }
  }

  /** Runs a command as root in the machine, to its end. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<FinishedProcess> {
    return await runProcess(this.#inside(command, options), {
      timeoutMs: options.timeoutMs ?? COMMAND_TIMEOUT_MS,
    });
  }

  /**
   * Runs a command that has to succeed; answers its output.
   * @throws Error with all it said when it does not.
   */
  async check(command: readonly string[], options: RunOptions = {}): Promise<string> {
    const { status, stdout, stderr } = await this.run(command, options);
    if (status !== 0) {
      throw new Error(`${command.join(" ")}: status ${status}\n${stdout}\n${stderr}`);
    }
    return stdout;
  }

  /** Lines for the shell, which stops at the first that fails. */
  async shell(script: string, options: RunOptions = {}): Promise<string> {
    return await this.check(["sh", "-eu", "-c", script], options);
  }

  /** Starts a command in the machine that goes on. */
  start(command: readonly string[], options: RunOptions = {}): RunningProcess {
    return startProcess(this.#inside(command, options));
  }

  /** Every path that differs from the machine it was made of; folders too. */
  async changes(): Promise<readonly string[]> {
    const top = join(this.#folder, "changes");
    const enter = ["nsenter", `--target=${this.#firstProcess}`, "--mount"];
    const { stdout } = await runProcess([...enter, "find", top, "-mindepth", "1"]);
    return stdout.split("\n").map((path) => path.slice(top.length));
  }

  /** Ends all of it at once. */
  async stop(): Promise<void> {
    await this.#process.stop("SIGKILL");
    removeCgroup(this.#cgroup);
  }

  #enterNetwork(): string[] {
    return ["nsenter", `--net=/proc/${this.#firstProcess}/ns/net`];
  }

  #inside(command: readonly string[], { env = {}, cwd = "/" }: RunOptions): string[] {
    const settings = Object.entries({
      HOME: "/root",
      PATH: PATH_INSIDE,
      LC_ALL: "C.UTF-8",
      ...env,
    });
    return [
      ...["nsenter", `--target=${this.#firstProcess}`, "--all", "--root", "--wd=/"],
      ...["env", "-i", "--chdir", cwd, ...settings.map(([name, value]) => `${name}=${value}`)],
      ...command,
    ];
  }

  async #untilUp(): Promise<void> {
    const end = Date.now() + BOOT_TIMEOUT_MS;
    for (;;) {
      const { stdout } = await this.run(["systemctl", "is-system-running"]);
      if (/^(running|degraded)$/.test(stdout.trim())) {
        return;
      }
      if (Date.now() > end || !this.#process.running) {
        throw new Error(`systemd says "${stdout.trim()}"`);
      }
      await Bun.sleep(100);
    }
  }
}

/** How a machine is to be. */
export interface BootOptions {
  /** Folders of this machine that stay visible in it, where they are. */
  readonly folders?: readonly string[];
  /** Another machine, whose network it shares. */
  readonly network?: Machine;
}

/** How to run a command in a machine. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Where programs are in the machine; the runtime of this test is the last of them. */
const PATH_INSIDE = `/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${dirname(process.execPath)}`;

/** `unshare` has one child: the first process of the machine. */
async function findChild({ pid, exited }: RunningProcess): Promise<number> {
  const ended = exited.then((status) => {
    throw new Error(`unshare ended with status ${status}`);
  });
  ended.catch(() => {});
  const end = Date.now() + BOOT_TIMEOUT_MS;
  while (Date.now() < end) {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    if (child) {
      return Number(child);
    }
    await Promise.race([Bun.sleep(20), ended]);
  }
  throw new Error("unshare started nothing");
}

/** Kills what is left in a cgroup and takes it away, with those below it. */
function removeCgroup(folder: string): void {
  for (let attempt = 0; attempt < 50 && existsSync(folder); attempt++) {
    try {
      writeFileSync(join(folder, "cgroup.kill"), "1");
      removeTree(folder);
    } catch {
      Bun.sleepSync(50);
    }
  }
}

function removeTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) {
      removeTree(join(folder, entry.name));
    }
  }
  rmdirSync(folder);
}
