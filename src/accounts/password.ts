/** Salted password hashes: Argon2id version 1.3 from the runtime (acra-formats.md §8.6). */

import { argon2 } from "node:crypto";
import { equalBytes, randomBytes, wipe } from "../crypto/mod.ts";

/** How a hash was made: passes, KiB of memory, lanes, bytes of the hash. */
export interface HashParameters {
  readonly time: number;
  readonly memory: number;
  readonly threads: number;
  readonly length: number;
}

/** A password as it is kept. */
export interface PasswordHash {
  /** ASCII letters; their bytes are the salt. */
  readonly salt: string;
  readonly parameters: HashParameters;
  readonly hash: Uint8Array;
}

// Specification.
const WRITTEN: HashParameters = { time: 3, memory: 8192, threads: 2, length: 32 };
const SALT_LENGTH = 16;
const SALT_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

// Ours: a line must not cost a login seconds or gigabytes, nor be satisfied by a byte.
const MAXIMUM: HashParameters = { time: 16, memory: 256 * 1024, threads: 64, length: 1024 };
const MINIMUM_LENGTH = 16;
const MINIMUM_SALT_LENGTH = 8;
/** Argon2 needs that many KiB for each lane. */
const MEMORY_PER_LANE = 8;

/** Hashes a password with a fresh salt. */
export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = drawSalt();
  return { salt, parameters: WRITTEN, hash: await derive(password, salt, WRITTEN) };
}

/**
 * Whether this is the password. `null` stands for a user who does not exist and takes as long as one
 * who does. Needs 8 MiB and some ten milliseconds on another thread.
 */
export async function verifyPassword(
  known: PasswordHash | null,
  password: string,
): Promise<boolean> {
  const { salt, parameters, hash } = known ?? NOBODY;
  const derived = await derive(password, salt, parameters);
  const isSame = equalBytes(derived, hash);
  wipe(derived);
  return isSame && known !== null;
}

const NOBODY: PasswordHash = {
  salt: "a".repeat(SALT_LENGTH),
  parameters: WRITTEN,
  hash: new Uint8Array(WRITTEN.length),
};

/** `3,8192,2,32`; `null` for anything that is not four numbers within bounds. */
export function parseParameters(text: string): HashParameters | null {
  if (!/^[0-9]{1,10}(,[0-9]{1,10}){3}$/.test(text)) {
    return null;
  }
  const [time = 0, memory = 0, threads = 0, length = 0] = text.split(",").map(Number);
  const isSane =
    time >= 1 &&
    time <= MAXIMUM.time &&
    threads >= 1 &&
    threads <= MAXIMUM.threads &&
    memory >= MEMORY_PER_LANE * threads &&
    memory <= MAXIMUM.memory &&
    length >= MINIMUM_LENGTH &&
    length <= MAXIMUM.length;
  return isSane ? { time, memory, threads, length } : null;
}

/** `3,8192,2,32`. */
export function formatParameters({ time, memory, threads, length }: HashParameters): string {
  return `${time},${memory},${threads},${length}`;
}

/** Whether Argon2 takes it. */
export function isUsableSalt(salt: string): boolean {
  return Buffer.byteLength(salt) >= MINIMUM_SALT_LENGTH;
}

function derive(password: string, salt: string, parameters: HashParameters): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const message = new TextEncoder().encode(password);
  argon2(
    "argon2id",
    {
      message,
      nonce: new TextEncoder().encode(salt),
      passes: parameters.time,
      memory: parameters.memory,
      parallelism: parameters.threads,
      tagLength: parameters.length,
    },
    (error, derived) => {
      wipe(message);
      if (error === null) {
        resolve(derived);
      } else {
        reject(error);
      }
    },
  );
  return promise;
}

/** Letters without bias: bytes beyond the last whole alphabet are drawn again. */
function drawSalt(): string {
  const limit = 256 - (256 % SALT_LETTERS.length);
  let salt = "";
  while (salt.length < SALT_LENGTH) {
    const [byte = limit] = randomBytes(1);
    salt += byte < limit ? SALT_LETTERS.charAt(byte % SALT_LETTERS.length) : "";
  }
  return salt;
}
