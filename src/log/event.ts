/**
 * The event codes of the log: numbers that the original's operators alert on (acra-cli.md §6.6), as
 * far as this version logs them. docs/events.md says of each what it means and what to do.
 */

/** Event code by meaning; goes into the field `code`. */
export const EVENT = {
  none: 100,
  general: 500,
  wrongConfiguration: 507,
  argumentsUnreadable: 508,
  keystoreNotOpened: 510,
  keyUnreadable: 511,
  listenFailed: 530,
  transportMisconfigured: 532,
  acceptFailed: 533,
  connectionNotStarted: 534,
  sessionFailed: 535,
  handshakeFailed: 538,
  databaseUnreachable: 540,
  configurationNotWritten: 558,
  rowUnprocessable: 576,
  blockNotDecrypted: 581,
  poisonRecordUnhandled: 583,
  protocolTlsNotSetUp: 584,
  zoneNotGenerated: 590,
} as const;
