/** Why one exact AcraStruct did not open. */

/** The first check that failed, in their order: acra-formats.md §1.3. For logs and tools, never for peers. */
export type AcraStructErrorKind =
  | "incorrect_length"
  | "bad_tag"
  | "incorrect_data_length"
  | "key_unwrap_failed"
  | "data_decrypt_failed";

/** Thrown by {@link openAcraStruct}. The message is always the same; only `kind` tells the check. */
export class AcraStructError extends Error {
  override readonly name = "AcraStructError";
  readonly kind: AcraStructErrorKind;

  constructor(kind: AcraStructErrorKind) {
    super("Cannot open the AcraStruct");
    this.kind = kind;
  }
}
