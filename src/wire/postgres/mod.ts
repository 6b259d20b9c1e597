/**
 * The PostgreSQL protocol, version 3, as far as the proxy touches it: framing, and codecs of the
 * messages that it reads or writes. Pure functions and one walker over byte arrays.
 *
 * @module
 */

export { type Bind, decodeBind } from "./bind.ts";
export {
  decodeBareHex,
  decodeByteaEscape,
  decodeByteaHex,
  encodeByteaEscape,
  encodeByteaHex,
} from "./bytea.ts";
export { type Cells, decodeDataRow, encodeDataRow } from "./data_row.ts";
export { encodeFatalError, type FatalError } from "./error_response.ts";
export { FrameWalker, HEADER_LENGTH, readFrameLength } from "./frame_walker.ts";
export { BACKEND, FRONTEND, STATUS_IDLE } from "./message_codes.ts";
export { decodeExecutePortal, decodeTarget, type Target } from "./names.ts";
export {
  BINARY_FORMAT,
  formatOf,
  type ResultFormats,
} from "./result_formats.ts";
export { decodeRowFormats } from "./row_description.ts";
export {
  decodeChosenMechanism,
  decodeSaslMechanisms,
  encodeSaslMechanisms,
  isBoundToCertificate,
} from "./sasl.ts";
export {
  decodeStartupHeader,
  isDirectTls,
  SSL_REQUEST,
  STARTUP_HEADER_LENGTH,
  type StartupHeader,
  type StartupKind,
  TLS_ANSWER,
} from "./startup.ts";
