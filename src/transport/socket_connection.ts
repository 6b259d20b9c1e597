/**
 * A TCP or unix socket as a {@link Connection}. Holds back what the system delivers while nobody
 * may be called (before `start`, while paused), and queues what the system does not take yet.
 */

import type { Connection, ConnectionHandler } from "./connection.ts";
import { formatHostAndPort } from "./endpoint.ts";

/** Idle time after which the system starts to ask whether the peer is still there, in ms. */
const KEEP_ALIVE_DELAY_MS = 60_000;
/** Queued buffers shorter than this are joined before they are offered to the system. */
const JOIN_BELOW_BYTES = 16 * 1024;
const JOIN_LIMIT_BYTES = 64 * 1024;

/** The part of a runtime socket that is used, so that tests can stand in for the system. */
export interface SystemSocket {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  write(data: Uint8Array, offset?: number, length?: number): number;
  pause(): unknown;
  resume(): unknown;
  shutdown(): void;
  /** Closes; the system goes on to deliver what it has taken. */
  end(): void;
  /** Closes with a reset: what the system has taken is lost. */
  terminate(): void;
  setNoDelay(on: boolean): unknown;
  setKeepAlive(on: boolean, delayMs: number): unknown;
}

/** How a socket ended: `null` for an orderly end. */
interface Ending {
  readonly error: Error | null;
}

export class SocketConnection implements Connection {
  readonly peer: string;
  readonly #socket: SystemSocket;
  #handler: ConnectionHandler | null = null;
  #paused = true;
  /** Chunks that came while nobody could take them. */
  #held: Uint8Array[] = [];
  #peerEnded = false;
  #endReported = false;
  #ending: Ending | null = null;
  #closeReported = false;
  #deliveryDue = false;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #finishing = false;

  /** Takes over an open socket; nothing is read from it before `start`. */
  constructor(socket: SystemSocket, unixPath: string | null) {
    this.#socket = socket;
    this.peer = unixPath ?? formatHostAndPort(socket.remoteAddress ?? "", socket.remotePort ?? 0);
    socket.pause();
    if (unixPath === null) {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_DELAY_MS);
    }
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  start(handler: ConnectionHandler): void {
    if (this.#handler !== null) {
      throw new TypeError("A connection is started once");
    }
    this.#handler = handler;
    this.resume();
  }

  write(bytes: Uint8Array): void {
    if (this.#ending !== null || this.#finishing || bytes.length === 0) {
      return;
    }
    if (this.#queue.length > 0) {
      this.#queue.push(bytes);
      this.#queuedBytes += bytes.length;
      return;
    }
    const taken = Math.max(this.#socket.write(bytes), 0);
    if (taken < bytes.length && this.#ending === null) {
      this.#queue.push(bytes.subarray(taken));
      this.#queuedBytes = bytes.length - taken;
    }
  }

  pause(): void {
    if (!this.#paused) {
      this.#paused = true;
      this.#socket.pause();
    }
  }

  resume(): void {
    if (!this.#paused || this.#handler === null) {
      return;
    }
    this.#paused = false;
    if (this.#ending === null) {
      this.#socket.resume();
    }
    this.#deliverSoon();
  }

  end(): void {
    if (this.#finishing || this.#ending !== null) {
      return;
    }
    this.#finishing = true;
    if (this.#queue.length === 0) {
      this.#socket.shutdown();
    }
  }

  abort(): void {
    this.#cut(null);
  }

  /** Closes at once because of an error that came up on this side. */
  fail(error: Error): void {
    this.#cut(error);
  }

  /** Called by the socket's owner: bytes arrived. */
  handleData(bytes: Uint8Array): void {
    if (this.#ending !== null) {
      return;
    }
    if (this.#paused || this.#held.length > 0 || this.#handler === null) {
      this.#held.push(bytes);
    } else {
      this.#handler.data(bytes);
    }
  }

  /** Called by the socket's owner: the system can take more. */
  handleDrain(): void {
    if (this.#queue.length === 0 || this.#ending !== null) {
      return;
    }
    this.#flush();
    if (this.#queue.length === 0) {
      if (this.#finishing) {
        this.#socket.shutdown();
      }
      this.#handler?.drained();
    }
  }

  /** Called by the socket's owner: the peer's end of file. */
  handleEnd(): void {
    if (this.#ending === null) {
      this.#peerEnded = true;
      this.#deliver();
    }
  }

  /** Called by the socket's owner: the socket is gone. */
  handleClose(error: Error | null): void {
    if (this.#ending !== null) {
      return;
    }
    if (error === null) {
      this.#peerEnded = true;
    } else {
      this.#forgetInput();
    }
    this.#finish({ error });
  }

  #cut(error: Error | null): void {
    const open = this.#ending === null;
    const endSent = this.#finishing && this.#queue.length === 0;
    this.#forgetInput();
    this.#finish(this.#ending ?? { error });
    if (!open) {
      return;
    }
    if (endSent) {
      // A reset would take back what a slow peer has not read yet, and our end of file with it.
      this.#socket.end();
    } else {
      this.#socket.terminate();
    }
  }

  #forgetInput(): void {
    this.#held = [];
    this.#peerEnded = false;
  }

  #finish(ending: Ending): void {
    this.#ending = ending;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#deliverSoon();
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const bytes = this.#nextBuffer();
      const taken = Math.max(this.#socket.write(bytes), 0);
      if (this.#ending !== null) {
        return;
      }
      this.#queuedBytes -= taken;
      if (taken < bytes.length) {
        this.#queue[0] = bytes.subarray(taken);
        return;
      }
      this.#queue.shift();
    }
  }

  /** The first queued buffer, joined with its successors where they are short. */
  #nextBuffer(): Uint8Array {
    const first = this.#queue[0] ?? new Uint8Array(0);
    let count = 1;
    let length = first.length;
    while (length < JOIN_BELOW_BYTES) {
      const next = this.#queue[count];
      if (next === undefined || length + next.length > JOIN_LIMIT_BYTES) {
        break;
      }
      length += next.length;
      count++;
    }
    if (count === 1) {
      return first;
    }
    const joined = Buffer.concat(this.#queue.slice(0, count), length);
    this.#queue.splice(0, count, joined);
    return joined;
  }

  /** Tells the handler what was held back, never from within one of its own calls. */
  #deliverSoon(): void {
    if (!this.#deliveryDue) {
      this.#deliveryDue = true;
      queueMicrotask(() => {
        this.#deliveryDue = false;
        try {
          this.#deliver();
        } catch (error) {
          this.fail(error instanceof Error ? error : new Error(String(error)));
        }
      });
    }
  }

  #deliver(): void {
    const handler = this.#handler;
    if (handler === null) {
      return;
    }
    while (!this.#paused && this.#held.length > 0) {
      const bytes = this.#held.shift();
      if (bytes !== undefined) {
        handler.data(bytes);
      }
    }
    if (this.#paused && this.#ending?.error === null && this.#peerEnded) {
      return;
    }
    this.#deliverEnd(handler);
  }

  #deliverEnd(handler: ConnectionHandler): void {
    if (this.#peerEnded && !this.#paused && !this.#endReported) {
      this.#endReported = true;
      handler.ended();
    }
    if (this.#ending !== null && !this.#closeReported) {
      this.#closeReported = true;
      handler.closed(this.#ending.error);
    }
  }
}
