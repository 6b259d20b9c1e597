/**
 * Whether a daemon could serve a connection now: its keys can be read and its other side lets it in.
 * Looked at anew each time, past all caches; the answer names no path and no key, for it leaves the
 * process unprotected.
 */

import { existsSync } from "node:fs";
import type { SettingValues } from "../config/mod.ts";
import type { ConnectorOptions } from "../connector/mod.ts";
import { FilesystemKeystore, isKeystoreError, readMasterKey } from "../keystore/mod.ts";
import { dial, type Endpoint } from "../transport/mod.ts";
import type { CommandContext } from "./command.ts";
import { databaseEndpoint } from "./endpoints.ts";
import type { SERVER_SETTINGS } from "./server_settings.ts";

/** Time for the other side to let us in, in ms. */
const DIAL_TIMEOUT_MS = 2_000;
/** One answer serves everybody who asks within this time, in ms. */
const SHARED_MS = 500;

const KEYS_UNREADABLE = "not ready: the keys cannot be read";

/** Tells what keeps a server from serving, under the settings given; `null` when nothing does. */
export async function findServerObstacle(
  context: Pick<CommandContext, "env">,
  values: SettingValues<typeof SERVER_SETTINGS>,
): Promise<string | null> {
  if (!canRead(() => readServerKeys(context, values))) {
    return KEYS_UNREADABLE;
  }
  return (await letsIn(databaseEndpoint(values)))
    ? null
    : "not ready: the database accepts no connection";
}

/** The same for a connector. */
export async function findConnectorObstacle(
  options: Omit<ConnectorOptions, "metrics">,
): Promise<string | null> {
  const { keys, data } = options;
  const readable = canRead(
    () => keys.readClientKey() !== null && keys.readServerPublicKey() !== null,
  );
  if (!readable) {
    return KEYS_UNREADABLE;
  }
  return (await letsIn(data.server)) ? null : "not ready: the server accepts no connection";
}

/** Lets many who ask at about the same time have one answer, so that asking costs little. */
export function shareAnswers(ask: () => Promise<string | null>): () => Promise<string | null> {
  let last: Promise<string | null> | null = null;
  return () => {
    if (last === null) {
      last = ask();
      void last.finally(() => setTimeout(() => (last = null), SHARED_MS).unref());
    }
    return last;
  };
}

/** What can be read without knowing who will connect: the folder, the poison key, the client's own key. */
function readServerKeys(
  { env }: Pick<CommandContext, "env">,
  values: SettingValues<typeof SERVER_SETTINGS>,
): boolean {
  const keys = new FilesystemKeystore({
    folder: values.keys_dir,
    masterKey: readMasterKey(env),
    cacheSize: -1,
    log: SILENT,
  });
  keys.findPoisonKey();
  const fixed = values.acraconnector_transport_encryption_disable && !values.zonemode_enable;
  return existsSync(values.keys_dir) && (!fixed || keys.findStorageKey(values.client_id) !== null);
}

/** What a start has said already is not said again for each question. */
const SILENT = { debug: () => {}, info: () => {}, warning: () => {}, error: () => {} };

function canRead(read: () => boolean): boolean {
  try {
    return read();
  } catch (error) {
    if (!isKeystoreError(error)) {
      throw error;
    }
    return false;
  }
}

async function letsIn(endpoint: Endpoint): Promise<boolean> {
  try {
    (await dial(endpoint, { timeoutMs: DIAL_TIMEOUT_MS })).abort();
    return true;
  } catch {
    return false;
  }
}
