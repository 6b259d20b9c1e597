/**
 * The connector's keys in a folder: two files, read anew for each connection (acra-formats.md §4.5), and
 * prepared anew when they have changed.
 */

import { join } from "node:path";
import { equalBytes } from "../../crypto/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { PrivateKey, PublicKey } from "../../themis/mod.ts";
import type { ClientId } from "../client_id.ts";
import { KeyNotFoundError } from "../errors.ts";
import { keyFilesOf, type OwnedKeyKind } from "../key_files.ts";
import type { ConnectorKeys } from "../keystore.ts";
import type { MasterKey } from "../master_key.ts";
import { ExampleKeyAlarm } from "./example_key_alarm.ts";
import { openPrivateKey, openPublicKey } from "./open_key_file.ts";
import { hasPrivatePermissions, type KeyFile, readKeyFile } from "./read_key_file.ts";

/** What the connector's keys need. */
export interface FilesystemConnectorKeysOptions {
  readonly folder: string;
  readonly clientId: ClientId;
  /** Whom the connector talks to; the server when absent. */
  readonly peer?: "server" | "translator";
  readonly masterKey: MasterKey;
  readonly log: Logger;
}

/** A prepared key, and the file that it was made of. */
interface Prepared<Key> {
  readonly file: Uint8Array;
  readonly key: Key;
}

/** Key files of one client in a folder. */
export class FilesystemConnectorKeys implements ConnectorKeys {
  readonly #options: FilesystemConnectorKeysOptions;
  readonly #alarm: ExampleKeyAlarm;
  #warned = false;
  #client: Prepared<PrivateKey> | null = null;
  #server: Prepared<PublicKey> | null = null;

  constructor(options: FilesystemConnectorKeysOptions) {
    this.#options = options;
    this.#alarm = new ExampleKeyAlarm(options.log);
  }

  readClientKey(): PrivateKey {
    const { folder, clientId, masterKey } = this.#options;
    const { privateName, context } = keyFilesOf("connector-transport", clientId);
    const file = this.#read("connector-transport", join(folder, privateName));
    this.#checkPermissions(file);
    this.#client = prepareOnce(this.#client, file, () => {
      const key = openPrivateKey(file, context, masterKey);
      this.#alarm.check(key.publicKey);
      return key;
    });
    return this.#client.key;
  }

  readServerPublicKey(): PublicKey {
    const { folder, clientId, peer } = this.#options;
    const kind = peer === "translator" ? "translator-transport" : "server-transport";
    const { publicName } = keyFilesOf(kind, clientId);
    const file = this.#read(kind, join(folder, publicName));
    this.#server = prepareOnce(this.#server, file, () => {
      const key = openPublicKey(file);
      this.#alarm.check(key);
      return key;
    });
    return this.#server.key;
  }

  #read(kind: OwnedKeyKind, path: string): KeyFile {
    const file = readKeyFile(path);
    if (file === null) {
      throw new KeyNotFoundError(kind, this.#options.clientId, path);
    }
    return file;
  }

  /** 0.82 did not look: a warning, once (§4.4). */
  #checkPermissions(file: KeyFile): void {
    if (!this.#warned && !hasPrivatePermissions(file)) {
      this.#warned = true;
      this.#options.log.warning(`private key file ${file.path} has incorrect permissions`);
    }
  }
}

/** What there is of the same file, or what `prepare` makes of this one. */
function prepareOnce<Key>(
  last: Prepared<Key> | null,
  { bytes }: KeyFile,
  prepare: () => Key,
): Prepared<Key> {
  return last !== null && equalBytes(last.file, bytes) ? last : { file: bytes, key: prepare() };
}
