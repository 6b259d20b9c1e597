/**
 * The typed messages of the application: forwarded as they come, and watched for requests. Nothing
 * is held back but the cut header of a message.
 */

import { FormatError } from "../../bytes/mod.ts";
import {
  decodeBind,
  decodeExecutePortal,
  decodeTarget,
  FRONTEND,
  FrameWalker,
  HEADER_LENGTH,
} from "../../wire/postgres/mod.ts";
import { Collector } from "../collector.ts";
import type { Output } from "../output.ts";
import type { Request } from "./request.ts";
import type { RequestQueue } from "./request_queue.ts";

/** A larger message is not read; its names and formats count as unknown. */
const MAXIMUM_READ_LENGTH = 1024 * 1024;

/** Requests of which the header tells everything. */
const HEADER_ONLY: ReadonlyMap<number, Request> = new Map<number, Request>([
  [FRONTEND.query, { kind: "query" }],
  [FRONTEND.functionCall, { kind: "function-call" }],
  [FRONTEND.sync, { kind: "sync" }],
  [FRONTEND.parse, { kind: "parse" }],
  [FRONTEND.copyDone, { kind: "copy-end" }],
  [FRONTEND.copyFail, { kind: "copy-end" }],
]);

/** Requests whose body is read, as what they are when it cannot be. */
const WITH_BODY: ReadonlyMap<number, Request> = new Map<number, Request>([
  [FRONTEND.bind, { kind: "bind", portal: null, formats: null }],
  [FRONTEND.describe, { kind: "describe", portal: null }],
  [FRONTEND.execute, { kind: "execute", portal: null }],
  [FRONTEND.close, { kind: "close", portal: null }],
]);

/** The direction from the client to the database, once the StartupMessage is through. */
export class ClientLeg {
  readonly #walker = new FrameWalker();
  readonly #requests: RequestQueue;
  #collector: Collector | null = null;
  #saidGoodbye = false;

  constructor(requests: RequestQueue) {
    this.#requests = requests;
  }

  /** Whether the application has announced that it goes. */
  get saidGoodbye(): boolean {
    return this.#saidGoodbye;
  }

  /** Whether the last message that was seen has ended. */
  get atBorder(): boolean {
    return this.#walker.atBorder;
  }

  /**
   * Forwards a chunk.
   * @throws FormatError at a message of impossible length; what came before it is in `output`.
   */
  receive(bytes: Uint8Array, output: Output): void {
    const walker = this.#walker;
    walker.load(bytes);
    try {
      while (walker.next()) {
        this.#watch();
      }
    } finally {
      output.sendPart("database", walker.chunk, 0, walker.end);
      walker.unload();
    }
  }

  /** The client sends no more: what was held back goes out as it is. */
  end(output: Output): void {
    output.send("database", this.#walker.takeHeld());
  }

  #watch(): void {
    const { type, first, last, length } = this.#walker;
    this.#saidGoodbye ||= type === FRONTEND.terminate;
    const plain = first ? HEADER_ONLY.get(type) : undefined;
    if (plain !== undefined) {
      this.#requests.asked(plain);
      return;
    }
    const unread = WITH_BODY.get(type);
    if (unread === undefined) {
      return;
    }
    if (length > MAXIMUM_READ_LENGTH) {
      if (first) {
        this.#requests.asked(unread);
      }
      return;
    }
    const message = this.#collect();
    if (last) {
      this.#requests.asked(readRequest(type, message.subarray(HEADER_LENGTH), unread));
    }
  }

  /** What has arrived of the message: the chunk itself where it is whole, else a copy. */
  #collect(): Uint8Array {
    const { chunk, start, end, first, last, length } = this.#walker;
    const piece = chunk.subarray(start, end);
    if (first && last) {
      return piece;
    }
    this.#collector ??= new Collector(length);
    this.#collector.append(piece);
    const { bytes } = this.#collector;
    if (last) {
      this.#collector = null;
    }
    return bytes;
  }
}

/** The request, or `unread` when the body is not what it should be: the database will say so. */
function readRequest(type: number, body: Uint8Array, unread: Request): Request {
  try {
    switch (type) {
      case FRONTEND.bind: {
        const { portal, resultFormats } = decodeBind(body);
        return { kind: "bind", portal: nameOf(portal), formats: resultFormats };
      }
      case FRONTEND.execute:
        return { kind: "execute", portal: nameOf(decodeExecutePortal(body)) };
      case FRONTEND.describe:
        return { kind: "describe", portal: portalOf(body) };
      case FRONTEND.close:
        return { kind: "close", portal: portalOf(body) };
      default:
        return unread;
    }
  } catch (error) {
    if (error instanceof FormatError) {
      return unread;
    }
    throw error;
  }
}

function portalOf(body: Uint8Array): string | null {
  const { kind, name } = decodeTarget(body);
  return kind === "portal" ? nameOf(name) : null;
}

/** A name as a key: one character for each byte, whatever the encoding. */
function nameOf(bytes: Uint8Array): string {
  return bytes.length === 0
    ? ""
    : Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length).toString("latin1");
}
