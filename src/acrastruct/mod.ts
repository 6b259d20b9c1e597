/**
 * AcraStruct, the envelope in which a value travels and rests (acra-formats.md §1): a data key wrapped
 * for the recipient's public key, and the value sealed under it.
 *
 * @module
 */

export { AcraStructError, type AcraStructErrorKind } from "./acrastruct_error.ts";
export {
  ACRASTRUCT_HEADER_LENGTH,
  ACRASTRUCT_MINIMUM_LENGTH,
  ACRASTRUCT_TAG,
  findAcraStructTag,
  looksLikeAcraStruct,
} from "./layout.ts";
export { openAcraStruct, type TakenAcraStruct, takeAcraStruct, unwrapDataKey } from "./open.ts";
export { sealAcraStruct } from "./seal.ts";
