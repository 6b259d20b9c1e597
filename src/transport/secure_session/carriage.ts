/**
 * A Secure Session on its way over a byte stream, without the stream (acra-formats.md §5.3): bytes of
 * the peer in, bytes for the peer and plain bytes out. Knows neither sockets nor a clock.
 */

import { concatBytes, FormatError } from "../../bytes/mod.ts";
import { DecryptError } from "../../crypto/mod.ts";
import {
  type PrivateKey,
  type PublicKey,
  RECORD_OVERHEAD,
  SecureSession,
  SecureSessionError,
} from "../../themis/mod.ts";
import { encodeFrame, FRAME_HEADER_LENGTH, FrameDecoder, putFrameLength } from "./frames.ts";
import { HandshakeError, type HandshakeFailure } from "./handshake_error.ts";

// Specification.
const MAXIMUM_ID_LENGTH = 256;
const MAXIMUM_HANDSHAKE_LENGTH = 16 * 1024;
/** A whole DataRow may come in one frame. */
const MAXIMUM_PAYLOAD_LENGTH = 1024 * 1024 * 1024;

/** What the accepting side needs to know. */
export interface AcceptingKeys {
  /** The server's own key for this client, or `null` when there is none. */
  readonly findServerKey: (clientId: string) => PrivateKey | null;
  /** The connector's public key, or `null` when there is none. */
  readonly findConnectorKey: (clientId: string) => PublicKey | null;
  /** Whether the id has the form of one (acra-formats.md §4.2); asked before any key is looked up. */
  readonly isValidId: (clientId: string) => boolean;
}

/** What the connecting side needs to know. */
export interface ConnectingKeys {
  readonly clientId: string;
  readonly privateKey: PrivateKey;
  readonly serverKey: PublicKey;
}

export interface CarriageOptions {
  /** Longest payload of one data frame that is taken from the peer, in bytes; 1 GiB unless given. */
  readonly maximumPayloadLength?: number;
}

type State = "announcement" | "handshake" | "established" | "dead";

export class SecureCarriage {
  readonly #frames = new FrameDecoder();
  readonly #accepting: AcceptingKeys | null;
  readonly #maximumFrameLength: number;
  #state: State;
  #session: SecureSession | null = null;
  #clientId: string | null = null;
  #lookupFailure: HandshakeFailure | null = null;
  #received = false;

  private constructor(accepting: AcceptingKeys | null, options: CarriageOptions) {
    this.#accepting = accepting;
    this.#state = accepting === null ? "handshake" : "announcement";
    this.#maximumFrameLength =
      (options.maximumPayloadLength ?? MAXIMUM_PAYLOAD_LENGTH) + RECORD_OVERHEAD;
  }

  /** The accepting side: it waits for the peer's announcement. */
  static accept(keys: AcceptingKeys, options: CarriageOptions = {}): SecureCarriage {
    return new SecureCarriage(keys, options);
  }

  /** The connecting side, and what it sends at once: its announcement and the first message. */
  static connect(
    keys: ConnectingKeys,
    options: CarriageOptions = {},
  ): { readonly carriage: SecureCarriage; readonly opening: Uint8Array } {
    const carriage = new SecureCarriage(null, options);
    const id = encodeId(keys.clientId);
    const { privateKey, serverKey } = keys;
    const session = new SecureSession({ id, privateKey, findPeer: () => serverKey, ordered: true });
    carriage.#session = session;
    carriage.#clientId = keys.clientId;
    const opening = concatBytes(encodeFrame(id), encodeFrame(session.connect()));
    return { carriage, opening };
  }

  get established(): boolean {
    return this.#state === "established";
  }

  /** The announced client id; authenticated once the session is established. */
  get clientId(): string | null {
    return this.#clientId;
  }

  /** Whether the peer has sent anything at all. */
  get received(): boolean {
    return this.#received;
  }

  /** Whether an end of the stream at this place would cut a frame. */
  get insideFrame(): boolean {
    return this.#frames.pending;
  }

  /** Takes bytes of the peer; they are worked on by `handshake` and `read`. */
  push(chunk: Uint8Array): void {
    this.#received ||= chunk.length > 0;
    this.#frames.push(chunk);
  }

  /**
   * Works on the handshake until it is over or more bytes are needed; data behind it is left for `read`.
   * @returns bytes to send, or `null`
   * @throws HandshakeError, after which everything is over
   */
  handshake(): Uint8Array | null {
    let toSend: Uint8Array | null = null;
    try {
      while (this.#state === "announcement" || this.#state === "handshake") {
        const limit = this.#state === "announcement" ? MAXIMUM_ID_LENGTH : MAXIMUM_HANDSHAKE_LENGTH;
        const frame = this.#frames.next(limit);
        if (frame === null) {
          break;
        }
        const reply = this.#state === "announcement" ? this.#announced(frame) : this.#step(frame);
        if (reply !== null) {
          toSend = toSend === null ? encodeFrame(reply) : concatBytes(toSend, encodeFrame(reply));
        }
      }
    } catch (error) {
      this.destroy();
      throw this.#explain(error);
    }
    return toSend;
  }

  /**
   * Opens every data frame that is complete.
   * @returns their contents, joined; `null` when there are none
   * @throws FormatError, DecryptError, SecureSessionError: everything is over then. What came
   *   before the broken frame is in `rescued`.
   */
  read(nowSeconds: number): Uint8Array | null {
    const session = this.#open();
    const parts: Uint8Array[] = [];
    try {
      let frame = this.#frames.next(this.#maximumFrameLength);
      while (frame !== null) {
        parts.push(session.unwrap(frame, nowSeconds));
        frame = this.#frames.next(this.#maximumFrameLength);
      }
    } catch (error) {
      this.destroy();
      throw new BrokenStreamError(join(parts), error);
    }
    return join(parts);
  }

  /** One frame with a payload of at least one byte. */
  seal(payload: Uint8Array, nowSeconds: number): Uint8Array {
    return putFrameLength(this.#open().wrap(payload, nowSeconds, FRAME_HEADER_LENGTH));
  }

  /** Forgets the keys. */
  destroy(): void {
    this.#state = "dead";
    this.#session?.destroy();
    this.#session = null;
  }

  #open(): SecureSession {
    if (this.#session === null || this.#state !== "established") {
      throw new SecureSessionError("state");
    }
    return this.#session;
  }

  #announced(frame: Uint8Array): null {
    const keys = this.#accepting;
    const clientId = decodeId(frame);
    if (keys === null || clientId === null || !keys.isValidId(clientId)) {
      throw new HandshakeError("malformed");
    }
    this.#clientId = clientId;
    const privateKey = this.#lookUp(() => keys.findServerKey(clientId));
    if (privateKey === null) {
      throw new HandshakeError("unknown-id", { announcedId: clientId });
    }
    const id = encodeId(clientId);
    const findPeer = (peerId: Uint8Array) => this.#findConnector(keys, clientId, peerId);
    this.#session = new SecureSession({ id, privateKey, findPeer, ordered: true });
    this.#state = "handshake";
    return null;
  }

  #findConnector(keys: AcceptingKeys, clientId: string, peerId: Uint8Array): PublicKey | null {
    if (decodeId(peerId) !== clientId) {
      this.#lookupFailure = "impersonation";
      return null;
    }
    return this.#lookUp(() => keys.findConnectorKey(clientId));
  }

  #lookUp<Key>(find: () => Key): Key {
    try {
      return find();
    } catch (error) {
      throw new HandshakeError("keys", {
        cause: error,
        announcedId: this.#clientId ?? undefined,
      });
    }
  }

  #step(frame: Uint8Array): Uint8Array | null {
    const session = this.#session;
    if (session === null) {
      throw new SecureSessionError("state");
    }
    const reply = session.receive(frame);
    if (session.established) {
      this.#state = "established";
    }
    return reply;
  }

  #explain(error: unknown): HandshakeError {
    if (error instanceof HandshakeError) {
      return error;
    }
    return new HandshakeError(this.#lookupFailure ?? reasonOf(error), {
      cause: error,
      announcedId: this.#clientId ?? undefined,
    });
  }
}

/** The peer's stream broke; what could be read before is here. */
export class BrokenStreamError extends Error {
  override readonly name = "BrokenStreamError";
  readonly rescued: Uint8Array | null;

  constructor(rescued: Uint8Array | null, cause: unknown) {
    super(cause instanceof Error ? cause.message : "The stream broke", { cause });
    this.rescued = rescued;
  }
}

function reasonOf(error: unknown): HandshakeFailure {
  if (error instanceof FormatError) {
    return "malformed";
  }
  if (error instanceof SecureSessionError) {
    return error.kind === "unknown-peer" ? "unknown-id" : "authentication";
  }
  return error instanceof DecryptError ? "authentication" : "keys";
}

function join(parts: readonly Uint8Array[]): Uint8Array | null {
  const first = parts[0];
  if (first === undefined) {
    return null;
  }
  return parts.length === 1 ? first : concatBytes(...parts);
}

function encodeId(clientId: string): Uint8Array {
  return new TextEncoder().encode(clientId);
}

/** The id, or `null` when it is not text. */
function decodeId(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
