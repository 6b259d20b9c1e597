/** The one error class of the writer: what callers do about it is told by `code`. */

/**
 * What was wrong: `EMPTY_DATA` when there was nothing to protect, `WRONG_PUBLIC_KEY` when the
 * recipient's key is not a readable public key container (`docs/formats/containers.md` §2).
 */
export type WriterErrorCode = "EMPTY_DATA" | "WRONG_PUBLIC_KEY";

const MESSAGES: Readonly<Record<WriterErrorCode, string>> = {
  EMPTY_DATA: "An AcraStruct needs at least one byte of data",
  WRONG_PUBLIC_KEY: "The public key is not a key file made by Acra (CLIENT_storage.pub, 45 bytes)",
};

/** Thrown by `createAcrastruct`; carries neither data nor key. */
export class WriterError extends Error {
  override readonly name = "WriterError";
  readonly code: WriterErrorCode;

  constructor(code: WriterErrorCode, options?: ErrorOptions) {
    super(MESSAGES[code], options);
    this.code = code;
  }
}
