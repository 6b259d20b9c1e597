/** What the endpoints of the server's HTTP API do, in terms of settings and files (acra-cli.md §10.2). */

import { openAccounts, readAccountsFile } from "../accounts/mod.ts";
import { ConfigError, type SettingValues } from "../config/mod.ts";
import { FilesystemKeyMaker, readAuthKey, readMasterKey } from "../keystore/mod.ts";
import type { ServerApi } from "../server/mod.ts";
import { formatZone } from "../zones/mod.ts";
import type { CommandContext } from "./command.ts";
import { apiListenEndpoint } from "./endpoints.ts";
import type { SERVER_SETTINGS } from "./server_settings.ts";

type ServerValues = SettingValues<typeof SERVER_SETTINGS>;

/** How `/setConfig` makes other settings hold. */
export type ChangeConfig = ServerApi["actions"]["changeConfig"];

/** What endpoints do that reaches beyond settings and files. */
export interface ApiHooks {
  readonly changeConfig: ChangeConfig;
  /** Resolves when all other threads have forgotten their keys. */
  readonly resetOtherKeys: () => Promise<void>;
}

/** The HTTP API that the settings ask for; `null` when they ask for none. */
export function makeApi(
  context: CommandContext,
  values: ServerValues,
  { changeConfig, resetOtherKeys }: ApiHooks,
): ServerApi | null {
  if (!values.http_api_enable && !values.zonemode_enable) {
    return null;
  }
  return {
    listen: apiListenEndpoint(values),
    zonesOnly: values.http_api_zones_only,
    resetOtherKeys,
    actions: {
      makeZone: () => makeZone(context, values),
      loadAccounts: () => loadAccounts(context, values),
      readConfig: () => ({
        db_host: values.db_host,
        db_port: values.db_port,
        incoming_connection_api_port: values.incoming_connection_api_port,
        debug: values.d,
        poison_run_script_file: values.poison_run_script_file,
        poison_shutdown_enable: values.poison_shutdown_enable,
        zonemode_enable: values.zonemode_enable,
      }),
      changeConfig,
    },
  };
}

function makeKeyMaker(context: CommandContext, values: ServerValues): FilesystemKeyMaker {
  return new FilesystemKeyMaker({
    folder: values.keys_dir,
    masterKey: readMasterKey(context.env),
  });
}

function makeZone(context: CommandContext, values: ServerValues): string {
  const { zoneId, publicKey } = makeKeyMaker(context, values).makeZone();
  return formatZone({ id: zoneId, publicKey });
}

/** The key of the accounts is made when it is missing, so that a first account can be stored. */
function loadAccounts(context: CommandContext, values: ServerValues): string {
  const key = readAuthKey(values.keys_dir, context.log) ?? makeAuthKey(context, values);
  try {
    const sealed = readAccountsFile(values.auth_keys);
    if (sealed === null) {
      throw missing(values.auth_keys, "acra authmanager makes it");
    }
    return openAccounts(sealed, key);
  } finally {
    key.fill(0);
  }
}

function makeAuthKey(context: CommandContext, values: ServerValues): Uint8Array {
  const { place } = makeKeyMaker(context, values).makeAuthKey({ replace: false });
  const key = readAuthKey(values.keys_dir, context.log);
  if (key === null) {
    throw missing(place, "look who removes files from the key folder");
  }
  return key;
}

function missing(path: string, hint: string): ConfigError {
  return new ConfigError(`there is no file ${path}`, hint);
}
