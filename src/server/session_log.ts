/** What sessions tell, as log lines: one for each class and interval, never one for each cell. */

import { createThrottledLog, EVENT, type Logger } from "../log/mod.ts";
import type { SessionEvents } from "../pipeline/mod.ts";
import type { ServerOptions } from "./options.ts";

/** Lines of one class are held back for this long, in ms. */
const INTERVAL_MS = 1_000;

const KEY_NAMES = { storage: "storage", zone: "zone", poison: "poison record" } as const;

/** The events of all sessions of a server: logged and, when somebody wants to see counts, counted. */
export function createSessionEvents({
  log,
  metrics,
}: Pick<ServerOptions, "log" | "metrics">): SessionEvents {
  const logged = createSessionLog(log);
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
function createSessionLog(log: Logger): SessionEvents {
  const throttled = createThrottledLog(log, INTERVAL_MS);
  let channelBindingTold = false;
  return {
    decrypted: () => throttled.debug("Decrypted AcraStruct"),
    decryptFailed: () =>
      throttled.debug("Can't decrypt possible AcraStruct", { code: EVENT.blockNotDecrypted }),
    poisonChecked: () => throttled.debug("Check poison records"),
    keyMissing: (kind) => throttled.warning(`Can't read private key: no ${KEY_NAMES[kind]} key`),
    keyUnreadable: (kind, error) =>
      throttled.error(`Can't read private key: ${KEY_NAMES[kind]} key`, {
        code: EVENT.keyUnreadable,
        error: error instanceof Error ? error.message : String(error),
      }),
    droppedBytes: (count) =>
      throttled.warning("Bytes behind an AcraStruct were dropped in whole-cell mode", { count }),
    rowTooLarge: (bytes) =>
      throttled.warning("A row is too large to be decrypted and passes as it is", { bytes }),
    rowMalformed: () =>
      throttled.warning("A malformed row passes as it is", { code: EVENT.rowUnprocessable }),
    tlsUnavailable: () =>
      throttled.warning(
        "To support TLS connections you must pass TLS key and certificate for AcraServer that will be used",
        { code: EVENT.protocolTlsNotSetUp },
      ),
    channelBindingImpossible: (refused) => {
      if (refused) {
        throttled.warning(
          "A client chose channel binding, which cannot work: let it connect with channel_binding=disable, or give acra server the certificate and key of the database",
          { code: EVENT.protocolTlsNotSetUp },
        );
      } else if (!channelBindingTold) {
        channelBindingTold = true;
        log.warning(
          "The database offers channel binding, which clients cannot use unless acra server has the certificate and key of the database",
          { code: EVENT.protocolTlsNotSetUp },
        );
      }
    },
    trackingLost: () =>
      throttled.warning("Requests and answers of a session can no longer be related"),
  };
}
