/** What the commands about keys check before they make any (acra-cli.md §4, §5.2). */

import { ConfigError } from "../config/mod.ts";
import {
  type ClientId,
  findPairFiles,
  isAmbiguousClientId,
  isValidClientId,
  KEY_ID_FORMS,
  type KeyFiles,
  type KeyName,
  type MasterKey,
  MasterKeyError,
  parseKeyId,
  readMasterKey,
} from "../keystore/mod.ts";
import type { CommandContext } from "./command.ts";
import { CLIENT_ID_RULE } from "./shared_settings.ts";

/** @throws ConfigError when the id is not valid. */
export function parseClientId(id: string): ClientId {
  if (!isValidClientId(id)) {
    throw new ConfigError(CLIENT_ID_RULE, "name the client, as in --client_id=testclientid");
  }
  return id;
}

/**
 * Refuses ids whose key files would be other keys' files.
 * @throws ConfigError
 */
export function refuseAmbiguousId(id: ClientId): void {
  if (isAmbiguousClientId(id)) {
    throw new ConfigError(
      `The client id "${id}" names files that belong to other keys`,
      "choose an id that is not auth_key and does not end in _server, _storage, _translator or _zone; `acra keys gen --force` makes it all the same",
    );
  }
}

/** @throws ConfigError with the texts of the original's keymaker (acra-cli.md §8.4). */
export function readMasterKeyForMaking({ env }: Pick<CommandContext, "env">): MasterKey {
  try {
    return readMasterKey(env);
  } catch (cause) {
    if (!(cause instanceof MasterKeyError)) {
      throw cause;
    }
    const message = cause.isMissing
      ? "You must pass master key via ACRA_MASTER_KEY environment variable"
      : `Can't load master key: ${cause.message}`;
    throw new ConfigError(message, cause.hint, { cause });
  }
}

/** Tells the operator where a key went that was replaced. */
export function warnOfReplaced(
  { log }: Pick<CommandContext, "log">,
  path: string,
  keptPath: string | null,
): void {
  if (keptPath !== null) {
    log.warning(`Replaced ${path}; the old key is kept as ${keptPath}`);
  }
}

/**
 * The master key for commands that can do without; `null` when there is none.
 * @throws MasterKeyError when there is one and it is malformed.
 */
export function findMasterKey({ env }: Pick<CommandContext, "env">): MasterKey | null {
  return (env["ACRA_MASTER_KEY"] ?? "") === "" ? null : readMasterKey(env);
}

/** @throws ConfigError when the text is no key id. */
export function readKeyId(text: string): KeyName {
  const name = parseKeyId(text);
  if (name === null) {
    throw new ConfigError(
      `"${text}" is no key id`,
      `one of ${KEY_ID_FORMS.join(", ")}; \`acra keys list\` shows them`,
    );
  }
  return name;
}

/** @throws ConfigError when the key is the one that is no pair. */
export function readPairName(text: string): { readonly name: KeyName; readonly files: KeyFiles } {
  const name = readKeyId(text);
  const files = findPairFiles(name);
  if (files === null) {
    throw new ConfigError(
      `${text} is no key pair`,
      "its file, auth_key, is not encrypted: copy it as it is",
    );
  }
  return { name, files };
}
