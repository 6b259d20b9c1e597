/**
 * Relates what the database sends to what the application asked for (acra-proxy.md §5.2), so that
 * the formats of a row are known. It only watches: when both sides do something that does not fit,
 * it gives up (`lost`) and formats are guessed by content; the stream goes on.
 */

import { FormatError } from "../../bytes/mod.ts";
import {
  BACKEND,
  decodeRowFormats,
  type ResultFormats,
  STATUS_IDLE,
} from "../../wire/postgres/mod.ts";
import { Fifo } from "./fifo.ts";
import { Portals } from "./portals.ts";
import { endsWithReady, type Request, sizeOf } from "./request.ts";

/** What a session may make us remember. Real pipelines stay far below. */
export interface RequestLimits {
  readonly requests: number;
  /** Bytes of names and formats. */
  readonly bytes: number;
}

/** The requests of one session that are still to be answered. */
export class RequestQueue {
  readonly #limits: RequestLimits;
  readonly #onLost: () => void;
  readonly #waiting = new Fifo<Request>();
  readonly #portals = new Portals();
  #waitingSize = 0;
  /** Body of the RowDescription of the simple query that is being answered; `null` when unknown. */
  #description: Uint8Array | null = null;
  /** What it says; decoded when the first row asks for it. */
  #describedFormats: ResultFormats | null = null;
  /** After an error the database passes over everything up to the next Sync. */
  #skipping = false;
  /** The database reads copy data, and passes over Sync until that ends. */
  #copyIn = false;
  #started = false;
  #lost = false;
  #quiet = true;
  #status = 0;

  constructor(limits: RequestLimits, onLost: () => void) {
    this.#limits = limits;
    this.#onLost = onLost;
  }

  /** Whether authentication is over: the database was ready once. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether requests and answers can no longer be related. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Whether nothing is outstanding and no transaction is open. */
  get idle(): boolean {
    const answered = this.#lost ? this.#quiet : this.#waiting.length === 0;
    return this.#started && answered && this.#status === STATUS_IDLE;
  }

  /** Whether more is to be remembered than a session may demand. */
  get overflown(): boolean {
    return (
      this.#waiting.length > this.#limits.requests ||
      this.#waitingSize + this.#portals.size > this.#limits.bytes
    );
  }

  /** The formats of the row that the database is sending; `null` when they are not known. */
  formats(): ResultFormats | null {
    const request = this.#waiting.peek();
    if (request?.kind === "query") {
      return this.#queryFormats();
    }
    if (request?.kind === "execute" && request.portal !== null) {
      return this.#portals.get(request.portal);
    }
    return null;
  }

  /** The application asked for something. */
  asked(request: Request): void {
    this.#quiet = false;
    if (this.#lost || this.#passesOver(request)) {
      return;
    }
    if (request.kind !== "copy-end" || this.#waiting.length > 0) {
      this.#waiting.push(request);
      this.#waitingSize += sizeOf(request);
    }
  }

  /** The database sent the header of a message that is neither RowDescription nor ReadyForQuery. */
  answered(type: number): void {
    if (!this.#started || this.#lost) {
      return;
    }
    this.#dropCopyEnds();
    if (!this.#fits(type)) {
      this.#lose();
    }
  }

  /** The database described rows; `body` is `null` when it was too large to be kept. */
  described(body: Uint8Array | null): void {
    if (!this.#started || this.#lost) {
      return;
    }
    this.#dropCopyEnds();
    const request = this.#waiting.peek();
    if (request?.kind === "query") {
      this.#describe(body);
    } else if (request?.kind === "describe") {
      if (request.portal !== null) {
        this.#portals.set(request.portal, body === null ? null : decodeDescription(body));
      }
      this.#shift();
    } else {
      this.#lose();
    }
  }

  /** The database is ready for the next query, with a transaction status. */
  ready(status: number): void {
    this.#status = status;
    this.#quiet = true;
    if (!this.#started) {
      this.#started = true;
      return;
    }
    this.#skipping = false;
    this.#copyIn = false;
    this.#describe(null);
    let request = this.#shift();
    while (request !== undefined && !endsWithReady(request)) {
      request = this.#shift();
    }
    this.#dropCopyEnds();
    if (status === STATUS_IDLE) {
      this.#portals.clear();
    }
  }

  #describe(body: Uint8Array | null): void {
    this.#description = body;
    this.#describedFormats = null;
  }

  #queryFormats(): ResultFormats | null {
    if (this.#description !== null) {
      this.#describedFormats = decodeDescription(this.#description);
      this.#description = null;
    }
    return this.#describedFormats;
  }

  /** Whether the database will pass over a request without an answer. */
  #passesOver(request: Request): boolean {
    if (this.#skipping) {
      this.#skipping = request.kind !== "sync";
      return this.#skipping;
    }
    if (this.#copyIn) {
      this.#copyIn = request.kind === "sync";
      return request.kind === "sync" || request.kind === "copy-end";
    }
    return false;
  }

  /** Takes note of an answer; `false` when nothing that was asked for brings it. */
  #fits(type: number): boolean {
    switch (type) {
      case BACKEND.parseComplete:
        return this.#completes("parse");
      case BACKEND.bindComplete:
        return this.#completesBind();
      case BACKEND.closeComplete:
        return this.#completesClose();
      case BACKEND.parameterDescription:
        return this.#waiting.peek()?.kind === "describe";
      case BACKEND.noData:
        return this.#completes("describe");
      case BACKEND.portalSuspended:
        return this.#completes("execute");
      case BACKEND.commandComplete:
      case BACKEND.emptyQueryResponse:
        this.#describe(null);
        return this.#waiting.peek()?.kind === "query" || this.#completes("execute");
      case BACKEND.functionCallResponse:
        return this.#waiting.peek()?.kind === "function-call";
      case BACKEND.copyInResponse:
        return this.#beginsCopyIn();
      case BACKEND.copyOutResponse:
      case BACKEND.copyBothResponse:
        return this.#runsStatement();
      case BACKEND.errorResponse:
        this.#fails();
        return true;
      default:
        return true;
    }
  }

  #completes(kind: Request["kind"]): boolean {
    return this.#waiting.peek()?.kind === kind && this.#shift() !== undefined;
  }

  #completesBind(): boolean {
    const request = this.#waiting.peek();
    if (request?.kind !== "bind") {
      return false;
    }
    if (request.portal !== null) {
      this.#portals.set(request.portal, request.formats);
    }
    return this.#shift() !== undefined;
  }

  #completesClose(): boolean {
    const request = this.#waiting.peek();
    if (request?.kind !== "close") {
      return false;
    }
    if (request.portal !== null) {
      this.#portals.delete(request.portal);
    }
    return this.#shift() !== undefined;
  }

  #runsStatement(): boolean {
    const kind = this.#waiting.peek()?.kind;
    return kind === "query" || kind === "execute";
  }

  /** The database reads copy data now: it passes over a Sync that was sent ahead (§5.2). */
  #beginsCopyIn(): boolean {
    if (!this.#runsStatement()) {
      return false;
    }
    this.#copyIn = true;
    const statement = this.#waiting.shift();
    let next = this.#waiting.peek();
    while (this.#copyIn && next !== undefined) {
      if (this.#passesOver(next)) {
        this.#waiting.shift();
      }
      next = this.#waiting.peek();
    }
    if (statement !== undefined) {
      this.#waiting.unshift(statement);
    }
    return true;
  }

  /** An error: of a simple query it is one more answer, else everything up to Sync is passed over. */
  #fails(): void {
    this.#copyIn = false;
    let request = this.#waiting.peek();
    if (request === undefined || endsWithReady(request)) {
      return;
    }
    while (request !== undefined && request.kind !== "sync") {
      this.#shift();
      request = this.#waiting.peek();
    }
    this.#skipping = request === undefined;
  }

  /** What ended a copy that had failed already; the database passes over it. */
  #dropCopyEnds(): void {
    while (this.#waiting.peek()?.kind === "copy-end") {
      this.#shift();
    }
  }

  #shift(): Request | undefined {
    const request = this.#waiting.shift();
    if (request !== undefined) {
      this.#waitingSize -= sizeOf(request);
    }
    return request;
  }

  #lose(): void {
    this.#lost = true;
    this.#waiting.clear();
    this.#waitingSize = 0;
    this.#portals.clear();
    this.#describe(null);
    this.#onLost();
  }
}

function decodeDescription(body: Uint8Array): ResultFormats | null {
  try {
    return decodeRowFormats(body);
  } catch (error) {
    if (error instanceof FormatError) {
      return null;
    }
    throw error;
  }
}
