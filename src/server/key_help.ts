/** What the threads of a server do for each other: unwrap data keys for sessions of another one. */

import { unwrapDataKey } from "../acrastruct/mod.ts";
import type { ServerKeys } from "../keystore/mod.ts";
import { type Board, KeyHelper, Requests } from "../lookahead/mod.ts";
import type { KeysAhead } from "../pipeline/mod.ts";
import type { PrivateKey } from "../themis/mod.ts";
import type { ServerOptions } from "./options.ts";

/** One thread's part. */
export class KeyHelp {
  readonly #requests: Requests;
  readonly #helper: KeyHelper;
  readonly #options: () => Pick<ServerOptions, "keys" | "metrics">;
  /** Keys of clients that were helped since there was last nothing to do. */
  readonly #held = new Map<string, PrivateKey | null>();
  #heldFrom: ServerKeys | null = null;
  #generation = -1;

  /** @param options those in force */
  constructor(board: Board, options: () => Pick<ServerOptions, "keys" | "metrics">) {
    this.#requests = new Requests(board, () => options().metrics?.keyAhead());
    this.#options = options;
    this.#helper = new KeyHelper(board, {
      unwrap: (clientId, header) => this.#unwrap(clientId, header),
      isBusy: () => this.#requests.busy,
      idle: () => this.#held.clear(),
    });
  }

  /**
   * Help for a session with keys of these. Helpers look into the keystore in force: a session that goes on
   * under older settings has to do without.
   */
  forSession(keys: ServerKeys, clientId: () => string): KeysAhead {
    return this.#requests.forClient(() => (this.#options().keys === keys ? clientId() : null));
  }

  /** Helps until `stop` is called. */
  start(): void {
    void this.#helper.run();
  }

  stop(): void {
    this.#helper.stop();
  }

  #unwrap(clientId: string, header: Uint8Array): Uint8Array | null {
    const key = this.#findKey(clientId);
    return key === null ? null : unwrapDataKey(header, 0, key);
  }

  /** A key that cannot be read is the business of the session, which will log it. */
  #findKey(clientId: string): PrivateKey | null {
    const { keys } = this.#options();
    if (this.#heldFrom !== keys || this.#generation !== keys.generation) {
      this.#heldFrom = keys;
      this.#generation = keys.generation;
      this.#held.clear();
    }
    let key = this.#held.get(clientId);
    if (key === undefined) {
      try {
        key = keys.findStorageKey(clientId);
      } catch {
        key = null;
      }
      this.#held.set(clientId, key);
    }
    return key;
  }
}
