/** A PostgreSQL session object with the keys of the vectors, and a record of what it did. */

import {
  type Action,
  createDecryptor,
  createPoisonAlarm,
  createPostgresSession,
  createZoneDecryptor,
  type PostgresSessionOptions,
  type ProtocolSession,
  type SessionEvents,
  type Side,
  type Stage,
} from "../../src/pipeline/mod.ts";
import { decodePrivateKey, type PrivateKey } from "../../src/themis/mod.ts";
import acraVectors from "../vectors/acra.json";
import { AUTHENTICATION_OK, READY_IDLE, startupMessage } from "./pg_peers.ts";

/** What the session told through its events: how often, by name. */
export type EventCounts = Record<keyof SessionEvents, number>;

/** Options of the session that a test cares about. */
export interface RigOptions extends Partial<Omit<PostgresSessionOptions, "cells" | "events">> {
  readonly mode?: "whole-cell" | "injected-cell";
  readonly clientId?: string;
  /** In place of decryptor and poison alarm. */
  readonly stages?: (events: SessionEvents) => readonly Stage[];
}

const keys = new Map<string, PrivateKey>();

/** A private key of the vectors by the path of its file. */
export function vectorKey(path: string): PrivateKey {
  let key = keys.get(path);
  if (key === undefined) {
    const file = acraVectors.keystore_files.find((candidate) => candidate.path === path);
    if (file === undefined) {
      throw new TypeError(`no key file ${path}`);
    }
    key = rememberingKey(decodePrivateKey(Buffer.from(file.private_key_b64, "base64")));
    keys.set(path, key);
  }
  return key;
}

/** More peers than one test has; a fuzzer has no end of them. */
const REMEMBERED_PEERS = 4096;

/** The same key, which agrees with each peer once: cutting a stream elsewhere does not change the crypto. */
export function rememberingKey(key: PrivateKey): PrivateKey {
  const secrets = new Map<string, Uint8Array>();
  return {
    publicKey: key.publicKey,
    sign: (bytes) => key.sign(bytes),
    agree(peer) {
      const name = peer.container.toHex();
      const secret = secrets.get(name) ?? key.agree(peer);
      if (secrets.size >= REMEMBERED_PEERS) {
        secrets.clear();
      }
      secrets.set(name, secret.slice());
      return secret.slice();
    },
  };
}

/** The stages of a server with both keys. */
export function makeStages(events: SessionEvents, clientId = "client"): readonly Stage[] {
  return [
    createDecryptor(() => vectorKey(`${clientId}_storage`), events),
    createPoisonAlarm(() => vectorKey(".poison_key/poison_key"), events),
  ];
}

/** The stages of a server in zone mode, with the zones of the vectors. */
export function makeZoneStages(
  events: SessionEvents,
  mode: "whole-cell" | "injected-cell",
): readonly Stage[] {
  const findZoneKey = (zoneId: string) => {
    const path = `${zoneId}_zone`;
    return acraVectors.keystore_files.some((file) => file.path === path) ? vectorKey(path) : null;
  };
  return [
    createZoneDecryptor({ findZoneKey, mode, events }),
    createPoisonAlarm(() => vectorKey(".poison_key/poison_key"), events),
  ];
}

/** Feeds one session and keeps what comes out. */
export class SessionRig {
  readonly session: ProtocolSession;
  readonly events: EventCounts;
  readonly actions: Action[] = [];
  /** Bytes sent to each side. */
  readonly sent: Record<Side, Buffer[]> = { client: [], database: [] };
  /** For each alarm: how many bytes the client had got before it. */
  readonly alarms: number[] = [];
  /** How often work was left over for another turn. */
  turns = 0;

  constructor(options: RigOptions = {}) {
    const { mode = "whole-cell", clientId = "client", stages, ...rest } = options;
    const { counts, events } = countEvents();
    this.events = counts;
    this.session = createPostgresSession({
      byteaFormat: "hex",
      ...rest,
      events,
      cells: { mode, stages: stages?.(events) ?? makeStages(events, clientId) },
    });
  }

  /** A session that is through authentication; what was sent until then is forgotten. */
  static ready(options: RigOptions = {}): SessionRig {
    const rig = new SessionRig(options);
    rig.client(startupMessage({ user: "test" }));
    rig.database(AUTHENTICATION_OK, READY_IDLE);
    rig.forget();
    return rig;
  }

  client(...chunks: readonly Uint8Array[]): this {
    return this.#feed("client", chunks);
  }

  database(...chunks: readonly Uint8Array[]): this {
    return this.#feed("database", chunks);
  }

  end(side: Side): this {
    return this.take(this.session.end(side));
  }

  take(actions: readonly Action[]): this {
    for (const action of actions) {
      this.actions.push(action);
      if (action.kind === "send") {
        this.sent[action.to].push(...action.buffers.map((buffer) => Buffer.from(buffer)));
      } else if (action.kind === "alarm") {
        this.alarms.push(this.received("client").length);
      }
    }
    return this;
  }

  /** Everything that a side was sent. */
  received(side: Side): Buffer {
    return Buffer.concat(this.sent[side]);
  }

  /** The reason of the close action, or `null`. */
  get closed(): string | null {
    const close = this.actions.find(({ kind }) => kind === "close");
    return close?.kind === "close" ? close.reason : null;
  }

  forget(): void {
    this.actions.length = 0;
    this.alarms.length = 0;
    this.sent.client = [];
    this.sent.database = [];
  }

  #feed(side: Side, chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) {
      this.take(this.session.receive(side, chunk));
      while (this.session.hasWork(side)) {
        this.turns++;
        this.take(this.session.resume(side));
      }
    }
    return this;
  }
}

function countEvents(): { counts: EventCounts; events: SessionEvents } {
  const counts: EventCounts = {
    decrypted: 0,
    decryptFailed: 0,
    poisonChecked: 0,
    keyMissing: 0,
    keyUnreadable: 0,
    droppedBytes: 0,
    rowTooLarge: 0,
    rowMalformed: 0,
    trackingLost: 0,
    tlsUnavailable: 0,
    channelBindingImpossible: 0,
  };
  const count = (name: keyof SessionEvents) => () => {
    counts[name]++;
  };
  const events: SessionEvents = {
    decrypted: count("decrypted"),
    decryptFailed: count("decryptFailed"),
    poisonChecked: count("poisonChecked"),
    keyMissing: count("keyMissing"),
    keyUnreadable: count("keyUnreadable"),
    droppedBytes: count("droppedBytes"),
    rowTooLarge: count("rowTooLarge"),
    rowMalformed: count("rowMalformed"),
    trackingLost: count("trackingLost"),
    tlsUnavailable: count("tlsUnavailable"),
    channelBindingImpossible: count("channelBindingImpossible"),
  };
  return { counts, events };
}
