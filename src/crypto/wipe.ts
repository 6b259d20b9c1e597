/** Secrets are overwritten once they are used, as far as the platform lets us. */

/** Fills every buffer with zeros; `null` and `undefined` are skipped, so that `finally` stays short. */
export function wipe(...buffers: readonly (Uint8Array | null | undefined)[]): void {
  for (const buffer of buffers) {
    buffer?.fill(0);
  }
}
