/**
 * The state machine of a Secure Session, themis.md §6.4, with its sources of randomness as
 * parameters. Every step checks its state, works on values of its own, verifies, and only then
 * commits the next state. A handshake message that is refused leaves the session dead.
 */

import { equalBytes, wipe } from "../../crypto/mod.ts";
import type { PrivateKey, PublicKey } from "../keys.ts";
import type { RandomSource } from "../random.ts";
import {
  clientProof,
  clientSignedData,
  deriveSharedSecrets,
  deriveTrafficSecrets,
  type SharedSecrets,
  serverProof,
  serverSignedData,
  type Transcript,
} from "./derivation.ts";
import {
  decodeFinish,
  decodeIntroduction,
  decodeProof,
  encodeFinish,
  encodeIntroduction,
  encodeProof,
} from "./messages.ts";
import { RecordLayer } from "./record_layer.ts";
import { SecureSessionError } from "./session_error.ts";

/** Who this side is and whom it knows. */
export interface SecureSessionOptions {
  /** The own id, at least one byte. */
  readonly id: Uint8Array;
  /** The own long-term key; it only signs. */
  readonly privateKey: PrivateKey;
  /** The long-term public key of the peer with this id, or `null` when there is none. */
  readonly findPeer: (id: Uint8Array) => PublicKey | null;
  /**
   * Whether records arrive in their order and none is lost, as over a byte stream: one that is missing
   * was taken away by somebody, and the next one is refused.
   */
  readonly ordered?: boolean;
}

/** Where a session takes its random values from. */
export interface SessionSources {
  readonly generateEphemeral: () => PrivateKey;
  readonly random: RandomSource;
}

type State =
  | { readonly name: "new" }
  | { readonly name: "awaiting-answer"; readonly ephemeral: PrivateKey }
  | {
      readonly name: "awaiting-proof";
      readonly ephemeral: PrivateKey;
      readonly transcript: Transcript;
      readonly peerKey: PublicKey;
      readonly peerEphemeral: PublicKey;
    }
  | {
      readonly name: "awaiting-finish";
      readonly transcript: Transcript;
      readonly secrets: SharedSecrets;
    }
  | { readonly name: "established"; readonly peerId: Uint8Array; readonly records: RecordLayer }
  | { readonly name: "dead" };

type StateOf<Name extends State["name"]> = Extract<State, { name: Name }>;

/** One step of the handshake, worked out but not committed. */
interface Step {
  readonly next: State;
  readonly reply: Uint8Array | null;
}

export class SessionMachine {
  readonly #options: SecureSessionOptions;
  readonly #sources: SessionSources;
  #state: State = { name: "new" };

  constructor(options: SecureSessionOptions, sources: SessionSources) {
    if (options.id.length === 0) {
      throw new RangeError("The id of a Secure Session must not be empty");
    }
    this.#options = { ...options, id: options.id.slice() };
    this.#sources = sources;
  }

  /** Whether the handshake is complete and data may flow. */
  get established(): boolean {
    return this.#state.name === "established";
  }

  /** The id that the peer has proved to be its own; `null` until the session is established. */
  get peerId(): Uint8Array | null {
    return this.#state.name === "established" ? this.#state.peerId : null;
  }

  /**
   * Makes this side the client.
   * @returns message 1, to be sent
   * @throws SecureSessionError (`state`) unless the session is new
   */
  connect(): Uint8Array {
    if (this.#state.name !== "new") {
      throw new SecureSessionError("state");
    }
    const ephemeral = this.#sources.generateEphemeral();
    const keyBytes = ephemeral.publicKey.container;
    const { id, privateKey } = this.#options;
    const message = encodeIntroduction({ id, keyBytes, signature: privateKey.sign(keyBytes) });
    this.#state = { name: "awaiting-answer", ephemeral };
    return message;
  }

  /**
   * Takes the peer's next handshake message; the first one received makes this side the server.
   * @returns the reply to send, or `null` when there is none
   * @throws FormatError when it is malformed, SecureSessionError when it is refused. The session is
   *   dead afterwards, except that one already established or dead stays what it is (`state`).
   */
  receive(message: Uint8Array): Uint8Array | null {
    const state = this.#state;
    if (state.name === "established" || state.name === "dead") {
      throw new SecureSessionError("state");
    }
    this.#state = { name: "dead" };
    const step = this.#step(state, message);
    this.#state = step.next;
    return step.reply;
  }

  /**
   * Seals a payload of at least one byte; `nowSeconds` is Unix time, whole seconds. `headroom` bytes
   * before the record stay free for the caller.
   * @throws SecureSessionError (`state`) unless established, RangeError for an empty payload
   */
  wrap(payload: Uint8Array, nowSeconds: number, headroom = 0): Uint8Array {
    return this.#records().seal(payload, nowSeconds, headroom);
  }

  /**
   * Opens a record of the peer. One that is refused changes nothing, though a careful caller closes.
   * @throws SecureSessionError (`state`, `clock`, `replay`), FormatError, DecryptError
   */
  unwrap(message: Uint8Array, nowSeconds: number): Uint8Array {
    return this.#records().open(message, nowSeconds);
  }

  /** Overwrites the keys of the session, which is dead afterwards. */
  destroy(): void {
    if (this.#state.name === "established") {
      this.#state.records.wipe();
    } else if (this.#state.name === "awaiting-finish") {
      wipe(this.#state.secrets.master);
    }
    this.#state = { name: "dead" };
  }

  #records(): RecordLayer {
    if (this.#state.name !== "established") {
      throw new SecureSessionError("state");
    }
    return this.#state.records;
  }

  #step(state: Exclude<State, StateOf<"established" | "dead">>, message: Uint8Array): Step {
    switch (state.name) {
      case "new":
        return this.#answer(message);
      case "awaiting-answer":
        return this.#prove(state, message);
      case "awaiting-proof":
        return this.#finish(state, message);
      case "awaiting-finish":
        return this.#conclude(state, message);
    }
  }

  /** The server receives message 1 and makes message 2. */
  #answer(message: Uint8Array): Step {
    const peer = decodeIntroduction(message);
    const peerKey = this.#findPeer(peer.id);
    demand(peerKey.verify(peer.keyBytes, peer.signature));
    const { id, privateKey } = this.#options;
    const ephemeral = this.#sources.generateEphemeral();
    const keyBytes = ephemeral.publicKey.container;
    const transcript = {
      clientId: peer.id,
      clientKey: peer.keyBytes,
      serverId: id,
      serverKey: keyBytes,
    };
    const signature = privateKey.sign(serverSignedData(transcript));
    return {
      next: { name: "awaiting-proof", ephemeral, transcript, peerKey, peerEphemeral: peer.key },
      reply: encodeIntroduction({ id, keyBytes, signature }),
    };
  }

  /** The client receives message 2 and makes message 3. */
  #prove(state: StateOf<"awaiting-answer">, message: Uint8Array): Step {
    const peer = decodeIntroduction(message);
    const transcript = {
      clientId: this.#options.id,
      clientKey: state.ephemeral.publicKey.container,
      serverId: peer.id,
      serverKey: peer.keyBytes,
    };
    demand(this.#findPeer(peer.id).verify(serverSignedData(transcript), peer.signature));
    const secrets = deriveSharedSecrets(state.ephemeral.agree(peer.key), transcript);
    const signature = this.#options.privateKey.sign(clientSignedData(transcript));
    return {
      next: { name: "awaiting-finish", transcript, secrets },
      reply: encodeProof({ signature, mac: clientProof(secrets, transcript) }),
    };
  }

  /** The server receives message 3 and makes message 4. */
  #finish(state: StateOf<"awaiting-proof">, message: Uint8Array): Step {
    const proof = decodeProof(message);
    const { transcript } = state;
    demand(state.peerKey.verify(clientSignedData(transcript), proof.signature));
    const secrets = deriveSharedSecrets(state.ephemeral.agree(state.peerEphemeral), transcript);
    try {
      demand(equalBytes(proof.mac, clientProof(secrets, transcript)));
      const mac = serverProof(secrets, transcript);
      const { fromClient, fromServer } = deriveTrafficSecrets(secrets);
      const records = new RecordLayer({
        sessionId: secrets.sessionId,
        outgoing: fromServer,
        incoming: fromClient,
        random: this.#sources.random,
        ordered: this.#options.ordered ?? false,
      });
      return {
        next: { name: "established", peerId: transcript.clientId, records },
        reply: encodeFinish(mac),
      };
    } finally {
      wipe(secrets.master);
    }
  }

  /** The client receives message 4. */
  #conclude(state: StateOf<"awaiting-finish">, message: Uint8Array): Step {
    const { secrets, transcript } = state;
    try {
      demand(equalBytes(decodeFinish(message), serverProof(secrets, transcript)));
      const { fromClient, fromServer } = deriveTrafficSecrets(secrets);
      const records = new RecordLayer({
        sessionId: secrets.sessionId,
        outgoing: fromClient,
        incoming: fromServer,
        random: this.#sources.random,
        ordered: this.#options.ordered ?? false,
      });
      return {
        next: { name: "established", peerId: transcript.serverId, records },
        reply: null,
      };
    } finally {
      wipe(secrets.master);
    }
  }

  #findPeer(id: Uint8Array): PublicKey {
    const key = this.#options.findPeer(id);
    if (key === null) {
      throw new SecureSessionError("unknown-peer");
    }
    return key;
  }
}

function demand(proved: boolean): void {
  if (!proved) {
    throw new SecureSessionError("authentication");
  }
}
