/**
 * Brings both halves of a key pair to their places. At no moment is there a public key, in its place or
 * copied from it, whose private key is lost: writers might have sealed data with it.
 */

import { keepOldKey } from "./old_keys.ts";
import { StagedFile } from "./staged_file.ts";

// Specification (acra-formats.md §4.1).
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/** Both halves, and where they belong. */
export interface PairToInstall {
  readonly privatePath: string;
  readonly publicPath: string;
  /** As it is to lie on the disk: sealed. */
  readonly privateBytes: Uint8Array;
  readonly publicBytes: Uint8Array;
  /** Whether an existing private key may be replaced; the old pair is kept. */
  readonly replace: boolean;
  /** The moment that old keys are named after, in nanoseconds since 1970. */
  readonly time: bigint;
}

/**
 * Writes the pair; `afterStep` is called after each step, for tests that stop there.
 * @returns where the replaced private key is kept, or `null`.
 * @throws KeystoreError when the private key exists and may not be replaced, or on a failing disk.
 */
export function installPair(pair: PairToInstall, afterStep: () => void = () => {}): string | null {
  let keptPath: string | null = null;
  const staged: StagedFile[] = [];
  try {
    const privateFile = new StagedFile(pair.privatePath, pair.privateBytes, PRIVATE_MODE);
    staged.push(privateFile);
    afterStep();
    const publicFile = new StagedFile(pair.publicPath, pair.publicBytes, PUBLIC_MODE);
    staged.push(publicFile);
    afterStep();
    if (pair.replace) {
      keptPath = keepOldKey(pair.privatePath, pair.time);
      afterStep();
      keepOldKey(pair.publicPath, pair.time);
      afterStep();
      privateFile.replace();
    } else {
      privateFile.create();
      // A public key without its private one may lie here: it came from another machine.
      keepOldKey(pair.publicPath, pair.time);
    }
    afterStep();
    publicFile.replace();
    afterStep();
    return keptPath;
  } finally {
    for (const file of staged) {
      file.discard();
    }
  }
}
