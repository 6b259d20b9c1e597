/** What sessions tell, as log lines: summed up by class, never one for each cell. */

import { describeError, EVENT, type LogFields, type SummingLogger } from "../log/mod.ts";
import type { SessionEvents } from "../pipeline/mod.ts";
import type { ServerOptions } from "./options.ts";

const KEY_NAMES = { storage: "storage", zone: "zone", poison: "poison record" } as const;

/**
 * The events of one client's sessions, or of none in particular: logged with the fields given and,
 * when somebody wants to see counts, counted.
 */
export function createSessionEvents(
  { log, metrics }: Pick<ServerOptions, "log" | "metrics">,
  about: LogFields,
): SessionEvents {
  const logged = createSessionLog(log, about);
  if (metrics === null) {
    return logged;
  }
  return {
    ...logged,
    decrypted: () => {
      metrics.decrypted();
      logged.decrypted();
    },
    decryptFailed: () => {
      metrics.decryptFailed();
      logged.decryptFailed();
    },
  };
}

/** Texts as the original's where it has them. */
function createSessionLog(log: SummingLogger, about: LogFields): SessionEvents {
  const notDecrypted = { ...about, code: EVENT.blockNotDecrypted };
  return {
    decrypted: () => log.debugSummed("Decrypted AcraStruct", about),
    decryptFailed: () => log.debugSummed("Can't decrypt possible AcraStruct", notDecrypted),
    poisonChecked: () => log.debugSummed("Check poison records", about),
    keyMissing: (kind) =>
      log.warning(`Can't read private key: no ${KEY_NAMES[kind]} key`, {
        ...about,
        code: EVENT.keyUnreadable,
      }),
    keyUnreadable: (kind, error) =>
      log.error(`Can't read private key: ${KEY_NAMES[kind]} key`, {
        ...about,
        code: EVENT.keyUnreadable,
        ...describeError(error),
      }),
    droppedBytes: (count) =>
      log.warning("Bytes behind an AcraStruct were dropped in whole-cell mode", {
        ...about,
        count,
      }),
    rowTooLarge: (bytes) =>
      log.warning("A row is too large to be decrypted and passes as it is", {
        ...about,
        code: EVENT.rowUnprocessable,
        bytes,
      }),
    rowMalformed: () =>
      log.warning("A malformed row passes as it is", {
        ...about,
        code: EVENT.rowUnprocessable,
      }),
    // Applications ask by default and go on without: no failure, but good to know.
    tlsUnavailable: () =>
      log.info(
        "To support TLS connections you must pass TLS key and certificate for AcraServer that will be used",
        { ...about, code: EVENT.protocolTlsNotSetUp },
      ),
    channelBindingImpossible: (refused) =>
      log.warning(
        refused
          ? "A client chose channel binding, which cannot work: let it connect with channel_binding=disable, or give acra server the certificate and key of the database"
          : "The database offers channel binding, which clients cannot use unless acra server has the certificate and key of the database",
        { ...about, code: EVENT.protocolTlsNotSetUp },
      ),
    trackingLost: () =>
      log.warning("Requests and answers of a session can no longer be related", about),
  };
}
