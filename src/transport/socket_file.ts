/** The file of a unix socket that is listened on, which others may remove or replace meanwhile. */

import { lstatSync, renameSync } from "node:fs";

/** Knows the file again that was made when listening began. */
export class SocketFile {
  readonly #path: string;
  /** While the socket is open the system gives its inode to no other file. */
  readonly #identity: string | null;

  /** Looks at the file of a socket that has just been bound. */
  constructor(path: string) {
    this.#path = path;
    this.#identity = identify(path);
  }

  /** Whether peers that connect to the path still reach the socket. */
  get isThere(): boolean {
    return identify(this.#path) === this.#identity;
  }

  /** Calls `stop`, which removes whatever is at the path; a file of somebody else's outlives it. */
  close(stop: () => void): void {
    const isForeign = !this.isThere && this.#putAside();
    stop();
    if (isForeign) {
      renameSync(this.#asidePath, this.#path);
    }
  }

  get #asidePath(): string {
    return `${this.#path}.${process.pid}`;
  }

  #putAside(): boolean {
    try {
      renameSync(this.#path, this.#asidePath);
      return true;
    } catch {
      // Nothing is there; or the folder is not ours to change, and then nothing will be removed either.
      return false;
    }
  }
}

function identify(path: string): string | null {
  try {
    const { dev, ino } = lstatSync(path);
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}
