/** Warns when somebody works with the keys of `keys.example`, which the whole world has. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "../../log/mod.ts";
import type { PublicKey } from "../../themis/mod.ts";
import { KeyUnreadableError } from "../errors.ts";
import { isExampleKey } from "../example_keys.ts";
import { readKeyFile } from "./read_key_file.ts";

const WARNING =
  "THESE KEYS ARE PUBLIC: they come from keys.example, and anybody can decrypt what is sealed with them. Make your own with `acra keys layout`";

/** A folder may hold the keys of very many clients; keys are checked again when they are used. */
const MAXIMUM_FILES = 1000;

/** Warns once, however many example keys it meets. */
export class ExampleKeyAlarm {
  readonly #log: Logger;
  #raised = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  check(key: PublicKey): void {
    this.#checkContainer(key.container);
  }

  /** Looks at the public keys of a folder; what cannot be read is left to who needs it. */
  searchFolder(folder: string): void {
    const names = listFolder(folder).filter((name) => name.endsWith(".pub"));
    for (const name of names.slice(0, MAXIMUM_FILES)) {
      this.#checkContainer(tryRead(join(folder, name)));
    }
  }

  #checkContainer(container: Uint8Array): void {
    if (!this.#raised && isExampleKey(container)) {
      this.#raised = true;
      this.#log.warning(WARNING);
    }
  }
}

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function tryRead(path: string): Uint8Array {
  try {
    return readKeyFile(path)?.bytes ?? new Uint8Array();
  } catch (error) {
    if (error instanceof KeyUnreadableError) {
      return new Uint8Array();
    }
    throw error;
  }
}
