/**
 * What the database sends, on its way to the client. A run of messages that need no change leaves as
 * one slice of the chunk it came in; only rows in which a tag stands are decoded.
 */

import { ACRASTRUCT_HEADER_LENGTH } from "../../acrastruct/mod.ts";
import { BACKEND, FrameWalker, HEADER_LENGTH } from "../../wire/postgres/mod.ts";
import type { CellMode } from "../cell_form.ts";
import { Collector } from "../collector.ts";
import type { Output } from "../output.ts";
import type { SessionEvents } from "../session_events.ts";
import type { Steps } from "../stage.ts";
import { TagSearch } from "../tag_search.ts";
import type { LookAhead } from "./look_ahead.ts";
import { PartialRow } from "./partial_row.ts";
import type { RequestQueue } from "./request_queue.ts";
import type { RowRewriter } from "./row_rewriter.ts";

/** A shorter row cannot hold the header of an AcraStruct: count, one length, one cell. */
const SHORTEST_ROW = HEADER_LENGTH + 2 + 4 + ACRASTRUCT_HEADER_LENGTH;
/** A larger RowDescription is not kept; PostgreSQL allows 1664 columns. */
const MAXIMUM_DESCRIPTION = 1024 * 1024;

/** What the leg works with. */
export interface DatabaseLegOptions {
  readonly requests: RequestQueue;
  readonly rewriter: RowRewriter;
  readonly events: SessionEvents;
  /** Tells of AcraStructs that will be opened soon; `null` when nobody listens. */
  readonly lookAhead: LookAhead | null;
  readonly mode: CellMode;
  /** Larger rows pass undecrypted. */
  readonly maxRowBytes: number;
  /** AcraStructs that one turn may try to open. */
  readonly openingsPerTurn: number;
}

/** A row that is being looked at; it may take several turns. */
interface RowJob {
  readonly message: Uint8Array;
  readonly steps: Steps<Uint8Array | null>;
  /** Whether the message is the walker's current step, or was collected before it. */
  readonly inChunk: boolean;
}

/** The direction from the database to the client. */
export class DatabaseLeg {
  readonly #options: DatabaseLegOptions;
  readonly #walker = new FrameWalker();
  readonly #tags = new TagSearch();
  /** Start of what is to be sent of the chunk, and not sent yet. */
  #unsent = 0;
  #backlog: Uint8Array[] = [];
  #row: PartialRow | null = null;
  #description: Collector | null = null;
  #job: RowJob | null = null;
  #stepsLeft = 0;
  #ended = false;

  constructor(options: DatabaseLegOptions) {
    this.#options = options;
  }

  /** Whether a turn ended before everything that had arrived was worked on. */
  get hasWork(): boolean {
    return this.#job !== null || this.#backlog.length > 0;
  }

  /** Whether everything that arrived was sent and ended with a message. */
  get atBorder(): boolean {
    return !this.hasWork && this.#row === null && this.#walker.atBorder;
  }

  /** Whether the client was sent whole messages only, so that one of ours may follow. */
  get clientAtBorder(): boolean {
    return this.#job !== null || this.#row !== null || this.#walker.betweenBodies;
  }

  /**
   * Takes a chunk and works on it for one turn.
   * @throws FormatError at a message of impossible length; what came before it is in `output`.
   */
  receive(bytes: Uint8Array, output: Output): void {
    this.#backlog.push(bytes);
    if (this.#job === null) {
      this.resume(output);
    }
  }

  /**
   * Goes on for one turn.
   * @throws FormatError as `receive`.
   */
  resume(output: Output): void {
    this.#stepsLeft = this.#options.openingsPerTurn;
    if (!this.#finishJob(output)) {
      return;
    }
    do {
      if (!this.#walk(output)) {
        return;
      }
      this.#walker.unload();
    } while (this.#loadNext());
    this.#options.lookAhead?.rest();
    if (this.#ended) {
      this.#flushPartial(output);
    }
  }

  /** Gives back what is held of others. */
  release(): void {
    this.#options.lookAhead?.rest();
  }

  /** The database sends no more: what was held back goes out when nothing can be in it. */
  end(output: Output): void {
    this.#ended = true;
    if (!this.hasWork) {
      this.#flushPartial(output);
    }
  }

  #loadNext(): boolean {
    const chunk = this.#backlog.shift();
    if (chunk === undefined) {
      return false;
    }
    this.#walker.load(chunk);
    this.#tags.load(this.#walker.chunk);
    this.#options.lookAhead?.load(this.#walker.chunk);
    this.#unsent = 0;
    return true;
  }

  /** Walks the chunk to its end; `false` when the turn was over before. */
  #walk(output: Output): boolean {
    const walker = this.#walker;
    try {
      while (walker.next()) {
        if (walker.type === BACKEND.dataRow) {
          this.#takeRow(output);
          if (!this.#finishJob(output)) {
            return false;
          }
        } else {
          this.#watch();
        }
      }
    } finally {
      if (this.#job === null) {
        this.#sendUpTo(walker.end, output);
      }
    }
    return true;
  }

  #takeRow(output: Output): void {
    const { start, end, first, last, length } = this.#walker;
    if (this.#row !== null) {
      this.#continueRow(this.#row, output);
      return;
    }
    if (!first || length < SHORTEST_ROW) {
      return;
    }
    if (length > this.#options.maxRowBytes) {
      this.#options.events.rowTooLarge(length);
      return;
    }
    if (!last) {
      this.#sendUpTo(start, output);
      this.#row = new PartialRow(length, this.#options.mode);
      this.#continueRow(this.#row, output);
    } else if (this.#tags.next(start) < end) {
      this.#startJob(this.#walker.chunk.subarray(start, end), true);
    }
  }

  #continueRow(row: PartialRow, output: Output): void {
    const { chunk, start, end, last } = this.#walker;
    row.append(chunk.subarray(start, end));
    this.#unsent = end;
    if (last && row.tagSeen) {
      this.#row = null;
      this.#startJob(row.bytes, false);
    } else if (last || row.hopeless) {
      this.#row = null;
      output.send("client", row.bytes);
    }
  }

  #startJob(message: Uint8Array, inChunk: boolean): void {
    this.#options.lookAhead?.announce(this.#walker.end);
    const steps = this.#options.rewriter.rewrite(message, this.#options.requests.formats());
    this.#job = { message, steps, inChunk };
  }

  /** Works on the row that is in work; `false` when the turn was over before it was done. */
  #finishJob(output: Output): boolean {
    const job = this.#job;
    if (job === null) {
      return true;
    }
    while (this.#stepsLeft > 0) {
      const step = job.steps.next();
      if (step.done === true) {
        this.#job = null;
        this.#sendRow(job, step.value, output);
        return true;
      }
      if (step.value === "alarm") {
        this.#sendBefore(job, output);
        output.alarm();
      }
      this.#stepsLeft--;
    }
    this.#sendBefore(job, output);
    return false;
  }

  #sendRow(job: RowJob, replaced: Uint8Array | null, output: Output): void {
    if (replaced !== null) {
      this.#sendBefore(job, output);
      output.send("client", replaced);
      this.#unsent = this.#walker.end;
    } else if (!job.inChunk) {
      output.send("client", job.message);
    }
  }

  /** Sends what precedes a row of the chunk; a collected row has nothing unsent before it. */
  #sendBefore(job: RowJob, output: Output): void {
    if (job.inChunk) {
      this.#sendUpTo(this.#walker.start, output);
    }
  }

  #sendUpTo(end: number, output: Output): void {
    if (end > this.#unsent) {
      output.sendPart("client", this.#walker.chunk, this.#unsent, end);
      this.#unsent = end;
    }
  }

  /** Tells the request queue of a message that passes. */
  #watch(): void {
    const { requests } = this.#options;
    const { chunk, type, first, last, end } = this.#walker;
    if (type === BACKEND.rowDescription) {
      this.#watchDescription();
    } else if (type === BACKEND.readyForQuery) {
      if (last) {
        requests.ready(chunk[end - 1] ?? 0);
      }
    } else if (first) {
      requests.answered(type);
    }
  }

  #watchDescription(): void {
    const { requests } = this.#options;
    const { chunk, start, end, first, last, length } = this.#walker;
    if (length > MAXIMUM_DESCRIPTION) {
      if (last) {
        requests.described(null);
      }
      return;
    }
    if (first && last) {
      requests.described(chunk.subarray(start + HEADER_LENGTH, end));
      return;
    }
    this.#description ??= new Collector(length);
    this.#description.append(chunk.subarray(start, end));
    if (last) {
      requests.described(this.#description.bytes.subarray(HEADER_LENGTH));
      this.#description = null;
    }
  }

  /** Half a row in which a tag was seen is dropped: no alarm could stand before it any more. */
  #flushPartial(output: Output): void {
    if (this.#row !== null && !this.#row.tagSeen) {
      output.send("client", this.#row.bytes);
    }
    this.#row = null;
    output.send("client", this.#walker.takeHeld());
  }
}
