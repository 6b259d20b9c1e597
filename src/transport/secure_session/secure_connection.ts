/** A Secure Session over another connection: handshake first, then a {@link Connection} of plain bytes. */

import { ByteQueue } from "../../bytes/mod.ts";
import type { Connection, ConnectionHandler } from "../connection.ts";
import { BrokenStreamError, type SecureCarriage } from "./carriage.ts";
import { HandshakeError } from "./handshake_error.ts";

/**
 * Payload of the frames that are sent. The original takes frames of any size; larger ones than this
 * save no more time, smaller ones cost more of it.
 */
const FRAME_PAYLOAD_BYTES = 64 * 1024;
/** Sealed bytes waiting in the connection beneath before sealing stops. */
const SEALED_LIMIT_BYTES = 256 * 1024;
/** Bytes sealed before other connections get their turn. */
const TURN_BYTES = 1024 * 1024;

export class SecureConnection implements Connection {
  readonly peer: string;
  readonly #base: Connection;
  readonly #carriage: SecureCarriage;
  readonly #ready = Promise.withResolvers<void>();
  readonly #plain = new ByteQueue();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #handshaking = true;
  #handler: ConnectionHandler | null = null;
  #paused = true;
  #readDue = false;
  #sealDue = false;
  #peerEnded = false;
  #endReported = false;
  #finishing = false;
  #closed: { readonly error: Error | null } | null = null;
  #closeReported = false;

  constructor(base: Connection, carriage: SecureCarriage) {
    this.peer = base.peer;
    this.#base = base;
    this.#carriage = carriage;
  }

  /**
   * Runs the handshake; `opening` is sent first.
   * @throws HandshakeError when it fails; the connection beneath is closed then.
   */
  handshake(opening: Uint8Array | null, timeoutMs: number): Promise<void> {
    this.#timer = setTimeout(() => this.#refuse(this.#handshakeError("timeout")), timeoutMs);
    this.#base.start({
      data: (bytes) => this.#received(bytes),
      drained: () => this.#drained(),
      ended: () => this.#ended(),
      closed: (error) => this.#baseClosed(error),
    });
    if (opening !== null) {
      this.#base.write(opening);
    }
    return this.#ready.promise;
  }

  get queuedBytes(): number {
    return this.#plain.length + this.#base.queuedBytes;
  }

  start(handler: ConnectionHandler): void {
    if (this.#handler !== null) {
      throw new TypeError("A connection is started once");
    }
    this.#handler = handler;
    this.resume();
  }

  write(bytes: Uint8Array): void {
    if (this.#closed === null && !this.#finishing && bytes.length > 0) {
      this.#plain.push(bytes);
      this.#seal();
    }
  }

  pause(): void {
    this.#paused = true;
    this.#base.pause();
  }

  resume(): void {
    if (this.#paused && this.#handler !== null) {
      this.#paused = false;
      this.#base.resume();
      this.#readSoon();
    }
  }

  end(): void {
    if (!this.#finishing) {
      this.#finishing = true;
      this.#seal();
    }
  }

  abort(): void {
    this.#cut(null);
  }

  #received(bytes: Uint8Array): void {
    this.#carriage.push(bytes);
    if (this.#handshaking) {
      this.#advanceHandshake();
    } else {
      this.#read();
    }
  }

  #advanceHandshake(): void {
    let toSend: Uint8Array | null;
    try {
      toSend = this.#carriage.handshake();
    } catch (error) {
      this.#refuse(error instanceof HandshakeError ? error : this.#handshakeError("keys", error));
      return;
    }
    if (toSend !== null) {
      this.#base.write(toSend);
    }
    if (this.#carriage.established) {
      this.#base.pause();
      this.#endHandshake();
      this.#ready.resolve();
    }
  }

  #refuse(error: HandshakeError): void {
    if (this.#handshaking) {
      this.#endHandshake();
      this.#cut(null);
      this.#ready.reject(error);
    }
  }

  #endHandshake(): void {
    this.#handshaking = false;
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
    }
  }

  #handshakeError(reason: HandshakeError["reason"], cause?: unknown): HandshakeError {
    return new HandshakeError(reason, {
      cause,
      announcedId: this.#carriage.clientId ?? undefined,
    });
  }

  #read(): void {
    const handler = this.#handler;
    if (handler === null || this.#paused || this.#closed !== null) {
      return;
    }
    let plain: Uint8Array | null;
    try {
      plain = this.#carriage.read(nowSeconds());
    } catch (error) {
      if (error instanceof BrokenStreamError && error.rescued !== null) {
        handler.data(error.rescued);
      }
      this.#cut(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (plain !== null) {
      handler.data(plain);
    }
  }

  /** Works on what was held back, never from within a call of the handler. */
  #readSoon(): void {
    if (!this.#readDue) {
      this.#readDue = true;
      queueMicrotask(() => {
        this.#readDue = false;
        this.#read();
        this.#report();
      });
    }
  }

  #seal(): void {
    let budget = TURN_BYTES;
    while (this.#plain.length > 0 && this.#base.queuedBytes < SEALED_LIMIT_BYTES) {
      if (budget <= 0) {
        this.#sealLater();
        return;
      }
      const payload = this.#plain.takeChunk(FRAME_PAYLOAD_BYTES);
      if (payload === null) {
        return;
      }
      budget -= payload.length;
      this.#base.write(this.#carriage.seal(payload, nowSeconds()));
    }
    if (this.#finishing && this.#plain.length === 0) {
      this.#base.end();
    }
  }

  #sealLater(): void {
    if (!this.#sealDue) {
      this.#sealDue = true;
      setImmediate(() => {
        this.#sealDue = false;
        if (this.#closed === null) {
          this.#seal();
          this.#reportDrained();
        }
      });
    }
  }

  #drained(): void {
    if (!this.#handshaking) {
      this.#seal();
      this.#reportDrained();
    }
  }

  #reportDrained(): void {
    if (this.queuedBytes === 0 && this.#closed === null) {
      this.#handler?.drained();
    }
  }

  #ended(): void {
    if (this.#handshaking) {
      this.#refuse(this.#handshakeError("closed"));
      return;
    }
    this.#read();
    if (this.#carriage.insideFrame) {
      this.#cut(new Error("The peer's stream ended inside a frame"));
    } else {
      this.#peerEnded = true;
      this.#report();
    }
  }

  #baseClosed(error: Error | null): void {
    if (this.#handshaking) {
      this.#refuse(this.#handshakeError("closed", error ?? undefined));
      return;
    }
    this.#close(error);
    this.#report();
  }

  #cut(error: Error | null): void {
    this.#peerEnded = false;
    this.#close(error);
    this.#base.abort();
    queueMicrotask(() => this.#report());
  }

  #close(error: Error | null): void {
    this.#closed ??= { error };
    this.#plain.clear();
    this.#carriage.destroy();
  }

  #report(): void {
    const handler = this.#handler;
    if (handler === null) {
      return;
    }
    if (this.#peerEnded && this.#paused && this.#closed?.error === null) {
      return;
    }
    if (this.#peerEnded && !this.#paused && !this.#endReported) {
      this.#endReported = true;
      handler.ended();
    }
    if (this.#closed !== null && !this.#closeReported) {
      this.#closeReported = true;
      handler.closed(this.#closed.error);
    }
  }
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
