/** What can be wrong with keys. Messages name files and ids, never content. */

import type { KeyKind } from "./key_files.ts";

/** The master key is missing or malformed (acra-formats.md §4.3). */
export class MasterKeyError extends Error {
  override readonly name = "MasterKeyError";
  readonly hint: string;
  /** Nothing was given at all. */
  readonly isMissing: boolean;

  constructor(message: string, options: { readonly isMissing?: boolean } = {}) {
    super(message);
    this.isMissing = options.isMissing === true;
    this.hint = this.isMissing
      ? "make one with `acra keys gen --master_key_path FILE`, then `export ACRA_MASTER_KEY=$(base64 -w0 FILE)`"
      : "ACRA_MASTER_KEY has to be standard base64 with padding of 32 bytes or more, as in `base64 -w0 FILE`";
  }
}

/** There is no such key file. */
export class KeyNotFoundError extends Error {
  override readonly name = "KeyNotFoundError";
  readonly kind: KeyKind;
  /** The client that the key would belong to; empty for keys that belong to nobody. */
  readonly id: string;
  readonly hint = "make it with `acra keys gen`, or copy it from where it was made";

  constructor(kind: KeyKind, id: string, path?: string) {
    const owner = id === "" ? "" : ` of "${id}"`;
    super(`No ${kind} key${owner}${path === undefined ? "" : `: ${path} does not exist`}`);
    this.kind = kind;
    this.id = id;
  }
}

/** A key file is there but cannot be used: wrong master key, wrong mode, damaged, not readable. */
export class KeyUnreadableError extends Error {
  override readonly name = "KeyUnreadableError";
  readonly path: string;
  readonly hint: string;

  constructor(path: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.path = path;
    this.hint = hint;
  }
}

/** The key folder as a whole refuses: its mode, files that would be overwritten, half a pair, a full disk. */
export class KeystoreError extends Error {
  override readonly name = "KeystoreError";
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/** Whether an error comes from here, and so has a hint for the operator. */
export function isKeystoreError(
  error: unknown,
): error is MasterKeyError | KeyNotFoundError | KeyUnreadableError | KeystoreError {
  return (
    error instanceof MasterKeyError ||
    error instanceof KeyNotFoundError ||
    error instanceof KeyUnreadableError ||
    error instanceof KeystoreError
  );
}
