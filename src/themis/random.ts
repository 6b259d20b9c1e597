/** Where sealing takes its random bytes from: a parameter inside the folder, so that tests can fix it. */

/** Answers that many bytes; `randomBytes` of `crypto` is the only source outside tests. */
export type RandomSource = (length: number) => Uint8Array;
