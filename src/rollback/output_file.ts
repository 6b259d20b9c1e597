/** The file of statements: plaintext, so nobody else may read it, and nothing of it waits in memory. */

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
} from "node:fs";
import { describeCause } from "../db_client/mod.ts";
import { writeBytes } from "../files/mod.ts";
import { RollbackError } from "./rollback_error.ts";

// Specification (acra-formats.md §8.4).
const MODE = 0o600;

/** A file that starts empty and has every line at once. */
export class OutputFile {
  readonly #path: string;
  readonly #descriptor: number;
  readonly #isRegular: boolean;

  /** @throws RollbackError when it cannot be opened, or not be kept from others. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#descriptor = openSync(path, constants.O_WRONLY | constants.O_CREAT, MODE);
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
    try {
      // Such as /dev/stdout: has no mode of its own, and nothing to cut off.
      this.#isRegular = fstatSync(this.#descriptor).isFile();
      if (this.#isRegular) {
        fchmodSync(this.#descriptor, MODE);
        ftruncateSync(this.#descriptor);
      }
    } catch (cause) {
      closeSync(this.#descriptor);
      throw this.#cannotWrite(cause);
    }
  }

  /**
   * Hands lines to the system: they outlive this process, however it ends.
   * @throws RollbackError such as for a full disk.
   */
  write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    try {
      writeBytes(this.#descriptor, bytes);
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
  }

  /** Brings everything to the disk. @throws RollbackError when the disk did not take it. */
  sync(): void {
    try {
      if (this.#isRegular) {
        fsyncSync(this.#descriptor);
      }
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #cannotWrite(cause: unknown): RollbackError {
    return new RollbackError(
      `Can't write ${this.#path}`,
      describeCause(cause),
      "name a file in a folder that you may write to, with room for the plaintext of all rows",
      { cause },
    );
  }
}
