/**
 * Sessions between a client and a database as plain objects: a protocol's adapter takes rows apart,
 * the stages judge what may be an AcraStruct, and the adapter puts the rows together again.
 *
 * @module
 */

export type { CellMode } from "./cell_form.ts";
export type { CellOptions } from "./cell_scanner.ts";
export { createDecryptor } from "./decryptor.ts";
export type { FindKey } from "./key_finder.ts";
export type { KeysAhead } from "./keys_ahead.ts";
export { createPoisonAlarm } from "./poison_alarm.ts";
export type { ByteaFormat } from "./postgres/cell_forms.ts";
export type { TlsPolicy } from "./postgres/opening.ts";
export {
  createPostgresSession,
  type PostgresPhase,
  type PostgresSessionOptions,
} from "./postgres/postgres_session.ts";
export type { RequestLimits } from "./postgres/request_queue.ts";
export type {
  Action,
  Opening,
  ProtocolSession,
  SecuredLeg,
  SessionFailure,
  Side,
} from "./session.ts";
export type { KeyKind, SessionEvents } from "./session_events.ts";
export type { Stage, StageVerdict, Step } from "./stage.ts";
export { createZoneDecryptor, type ZoneDecryptorOptions } from "./zone_decryptor.ts";
