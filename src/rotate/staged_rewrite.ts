/**
 * A file that is to be replaced as a whole: its new content lies beside it under another name, on the
 * disk, until it is renamed. Mode and owner stay.
 */

import {
  type BigIntStats,
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { syncFolder, writeBytes } from "../files/mod.ts";
import { describeSystemError, RotateError } from "./rotate_error.ts";

const TEMPORARY = /^\.acra-rotate-(?<pid>\d+)-[0-9a-f]+$/;
const MODE_BITS = 0o7777n;
const OWNER_ONLY = 0o600;

/** The file as it was when it was read. */
export interface OriginalFile {
  /** Where it really lies: a symbolic link stays one. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly stats: BigIntStats;
}

/** @throws RotateError when there is no such file, or it cannot be read. */
export function readOriginal(path: string): OriginalFile {
  try {
    const real = realpathSync(path);
    const stats = statSync(real, { bigint: true });
    if (!stats.isFile()) {
      throw new RotateError(`${path} is not a file`, "list files with one AcraStruct each");
    }
    return { path: real, bytes: readFileSync(real), stats };
  } catch (cause) {
    throw asRotateError(`Can't read ${path}`, cause);
  }
}

/** New content that waits beside its file. */
export class StagedRewrite {
  readonly #original: Omit<OriginalFile, "bytes">;
  readonly #temporary: string;
  #isStaged = true;

  /** @throws RotateError when the folder does not take the file, or it would get another owner. */
  constructor(original: OriginalFile, bytes: Uint8Array) {
    const { path, stats } = original;
    this.#original = { path, stats };
    const random = crypto.getRandomValues(new Uint8Array(8)).toHex();
    this.#temporary = join(dirname(path), `.acra-rotate-${process.pid}-${random}`);
    try {
      writeLike(this.#temporary, bytes, stats);
    } catch (cause) {
      this.discard();
      throw asRotateError(`Can't write beside ${path}`, cause);
    }
  }

  /** Where the file lies. */
  get folder(): string {
    return dirname(this.#original.path);
  }

  /** Whether the file is still the one that was read. */
  get isCurrent(): boolean {
    const { path, stats } = this.#original;
    const now = statSync(path, { bigint: true, throwIfNoEntry: false });
    return (
      now !== undefined &&
      now.ino === stats.ino &&
      now.size === stats.size &&
      now.mtimeNs === stats.mtimeNs &&
      now.ctimeNs === stats.ctimeNs
    );
  }

  /**
   * Puts the new content in its place.
   * @throws RotateError when somebody changed the file meanwhile, or the system refuses.
   */
  commit(): void {
    const { path } = this.#original;
    if (!this.isCurrent) {
      throw new RotateError(
        `${path} was changed while it was rotated`,
        "nothing of it is lost: run the rotation again",
      );
    }
    try {
      renameSync(this.#temporary, path);
      this.#isStaged = false;
      syncFolder(dirname(path));
    } catch (cause) {
      throw asRotateError(`Can't replace ${path}`, cause);
    }
  }

  /** Removes what is not in its place; for `finally`. */
  discard(): void {
    if (this.#isStaged) {
      this.#isStaged = false;
      rmSync(this.#temporary, { force: true });
    }
  }
}

/**
 * Removes what runs that were killed have left in a folder; what a running process writes stays. All of
 * it is sealed, and nobody needs it: that it cannot be removed is no failure.
 */
export function removeLeftovers(folder: string): void {
  try {
    for (const name of readdirSync(folder)) {
      const pid = TEMPORARY.exec(name)?.groups?.["pid"];
      if (pid !== undefined && !isRunning(Number(pid))) {
        rmSync(join(folder, name), { force: true });
      }
    }
  } catch {
    // The next run tries again.
  }
}

function writeLike(path: string, bytes: Uint8Array, stats: BigIntStats): void {
  const descriptor = openSync(path, "wx", OWNER_ONLY);
  try {
    writeBytes(descriptor, bytes);
    const own = statSync(path, { bigint: true });
    if (own.uid !== stats.uid || own.gid !== stats.gid) {
      fchownSync(descriptor, Number(stats.uid), Number(stats.gid));
    }
    fchmodSync(descriptor, Number(stats.mode & MODE_BITS));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function asRotateError(message: string, cause: unknown): RotateError {
  return cause instanceof RotateError
    ? cause
    : new RotateError(
        `${message}: ${describeSystemError(cause)}`,
        "the user that runs this needs to read the file, write to its folder, and keep its owner",
        { cause },
      );
}
