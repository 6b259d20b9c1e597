/** Bytes are not what they claim to be. */

/**
 * Thrown by every decoder when its input does not have the promised form.
 * The message names the structure and the byte offset, never the content.
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
  /** The structure that was being read, such as `DataRow`. */
  readonly what: string;
  /** Offset in bytes from the start of that structure. */
  readonly offset: number;

  constructor(what: string, reason: string, offset: number, options?: ErrorOptions) {
    super(`Cannot decode ${what}: ${reason} at offset ${offset}`, options);
    this.what = what;
    this.offset = offset;
  }
}
