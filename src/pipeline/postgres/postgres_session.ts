/**
 * A PostgreSQL session: acra-proxy.md §5.1 and §5.2. Phases: `startup` (untyped messages until a
 * StartupMessage), `authentication` (until the database is ready for the first time), `ready`;
 * `cancel` for a connection that only carries a CancelRequest; `closed`.
 */

import { FormatError } from "../../bytes/mod.ts";
import { encodeFatalError, type FatalError } from "../../wire/postgres/mod.ts";
import { type CellOptions, CellScanner } from "../cell_scanner.ts";
import { Output } from "../output.ts";
import type {
  Action,
  Opening,
  ProtocolSession,
  SecuredLeg,
  SessionFailure,
  Side,
} from "../session.ts";
import type { SessionEvents } from "../session_events.ts";
import type { ByteaFormat } from "./cell_forms.ts";
import { type ChannelBinding, createChannelBinding } from "./channel_binding.ts";
import { ClientLeg } from "./client_leg.ts";
import { DatabaseLeg } from "./database_leg.ts";
import { LookAhead } from "./look_ahead.ts";
import { OpeningPhase, type OpeningResult, type TlsPolicy } from "./opening.ts";
import { type RequestLimits, RequestQueue } from "./request_queue.ts";
import { RowRewriter } from "./row_rewriter.ts";

const MAXIMUM_ROW_BYTES = 64 * 1024 * 1024;
const OPENINGS_PER_TURN = 8;
const REQUEST_LIMITS: RequestLimits = { requests: 1_000_000, bytes: 64 * 1024 * 1024 };
const WITHOUT_TLS: TlsPolicy = { client: "unavailable", database: "mirror" };

const NOTHING: readonly Action[] = [];

const PROTOCOL_VIOLATION = "08P01";
const PROTOCOL_LIMIT_EXCEEDED = "54000";
const DATABASE_UNREACHABLE: FatalError = {
  code: "08006",
  message: "could not connect to database",
};
const TOO_MANY_CLIENTS: FatalError = {
  code: "53300",
  message: "sorry, too many clients already",
};
const SHUTDOWN: FatalError = {
  code: "57P01",
  message: "terminating connection due to administrator command",
};

/** What a PostgreSQL session is made of. */
export interface PostgresSessionOptions {
  readonly cells: CellOptions;
  readonly byteaFormat: ByteaFormat;
  readonly events: SessionEvents;
  /** Told once what the connection is for; a session that it answers `false` for is one too many. */
  readonly opened?: (opening: Opening) => boolean;
  /** Larger rows pass undecrypted; 64 MiB unless given. */
  readonly maxRowBytes?: number;
  /** AcraStructs that one turn may try to open; 8 unless given: less than a millisecond of work. */
  readonly openingsPerTurn?: number;
  /** What the application may leave unanswered; a million requests, 64 MiB of names unless given. */
  readonly requestLimits?: RequestLimits;
  /** TLS on either leg; without it none is offered to the client, and none begun. */
  readonly tls?: TlsPolicy;
}

/** The phases of a session. */
export type PostgresPhase = "startup" | "authentication" | "ready" | "cancel" | "closed";

/** Makes the session object of one connection. */
export function createPostgresSession(options: PostgresSessionOptions): ProtocolSession {
  return new PostgresSession(options);
}

class PostgresSession implements ProtocolSession {
  readonly #opening: OpeningPhase;
  readonly #events: SessionEvents;
  readonly #secured: Record<Side, SecuredLeg | null> = { client: null, database: null };
  /** Looks at the login where TLS on the legs makes it necessary. */
  #binding: ChannelBinding | null = null;
  readonly #requests: RequestQueue;
  readonly #client: ClientLeg;
  readonly #database: DatabaseLeg;
  readonly #opened: (opening: Opening) => boolean;
  #state: "startup" | "typed" | "cancel" | "closed" = "startup";

  constructor(options: PostgresSessionOptions) {
    const { cells, events } = options;
    const requests = new RequestQueue(options.requestLimits ?? REQUEST_LIMITS, () =>
      events.trackingLost(),
    );
    const scanner = new CellScanner(cells, events);
    const keysAhead = cells.stages.find((stage) => stage.keysAhead)?.keysAhead ?? null;
    this.#opening = new OpeningPhase(options.tls ?? WITHOUT_TLS, events);
    this.#events = events;
    this.#requests = requests;
    this.#opened = options.opened ?? (() => true);
    this.#client = new ClientLeg(requests);
    this.#database = new DatabaseLeg({
      requests,
      rewriter: new RowRewriter(scanner, options.byteaFormat, events),
      events,
      lookAhead: keysAhead === null ? null : new LookAhead(keysAhead),
      mode: cells.mode,
      maxRowBytes: options.maxRowBytes ?? MAXIMUM_ROW_BYTES,
      openingsPerTurn: options.openingsPerTurn ?? OPENINGS_PER_TURN,
    });
  }

  get phase(): PostgresPhase {
    if (this.#state !== "typed") {
      return this.#state;
    }
    return this.#requests.started ? "ready" : "authentication";
  }

  get idle(): boolean {
    if (this.#state === "startup") {
      return this.#opening.idle;
    }
    return (
      this.phase === "ready" &&
      this.#requests.idle &&
      this.#client.atBorder &&
      this.#database.atBorder
    );
  }

  get settled(): boolean {
    return this.phase !== "ready" || this.#requests.idle || this.#client.saidGoodbye;
  }

  receive(from: Side, bytes: Uint8Array): readonly Action[] {
    if (this.#state === "closed" || bytes.length === 0) {
      return NOTHING;
    }
    const output = new Output();
    if (from === "client") {
      this.#fromClient(bytes, output);
    } else {
      this.#fromDatabase(bytes, output);
    }
    return output.actions;
  }

  secured(side: Side, leg: SecuredLeg): readonly Action[] {
    const output = new Output();
    if (this.#state === "startup") {
      this.#secured[side] = leg;
      this.#afterOpening(this.#opening.secured(side, output), output);
    }
    return output.actions;
  }

  securingFailed(side: Side): readonly Action[] {
    const output = new Output();
    if (this.#state === "startup") {
      this.#afterOpening(this.#opening.failed(side), output);
    }
    return output.actions;
  }

  resume(from: Side): readonly Action[] {
    if (!this.hasWork(from)) {
      return NOTHING;
    }
    const output = new Output();
    this.#workOnAnswers(output, () => this.#database.resume(output));
    return output.actions;
  }

  hasWork(from: Side): boolean {
    return from === "database" && this.#state !== "closed" && this.#database.hasWork;
  }

  end(from: Side): readonly Action[] {
    if (this.#state === "closed") {
      return NOTHING;
    }
    const output = new Output();
    if (from === "client") {
      this.#client.end(output);
    } else {
      this.#database.end(output);
    }
    return output.actions;
  }

  release(): void {
    this.#database.release();
  }

  fail(failure: SessionFailure): readonly Action[] {
    const output = new Output();
    switch (failure) {
      case "database-unreachable":
        this.#failUnreachable(output);
        break;
      case "shutdown":
        this.#close("the server shuts down", false, output, this.#expectsError ? SHUTDOWN : null);
        break;
      case "startup-timeout":
        this.#close("start-up took too long", true, output);
        break;
    }
    return output.actions;
  }

  /** Whether a message of ours may follow what the client was sent so far. */
  get #expectsError(): boolean {
    return this.#state === "typed" && this.#database.clientAtBorder;
  }

  /** The client hears of it in answer to its StartupMessage: nothing else may come before that. */
  #failUnreachable(output: Output): void {
    if (this.#state === "startup") {
      this.#afterOpening(this.#opening.refuse(DATABASE_UNREACHABLE, output), output);
    } else if (this.#state !== "closed") {
      const told = this.#state === "typed" ? DATABASE_UNREACHABLE : null;
      this.#close("the database cannot be reached", true, output, told);
    }
  }

  #fromClient(bytes: Uint8Array, output: Output): void {
    if (this.#state === "startup") {
      this.#afterOpening(this.#opening.fromClient(bytes, output), output);
    } else if (this.#state === "typed") {
      this.#logIn(bytes, output);
    }
  }

  #afterOpening(result: OpeningResult | null, output: Output): void {
    switch (result?.kind) {
      case "startup":
        if (!this.#opened("session")) {
          this.#close("there are too many sessions", false, output, TOO_MANY_CLIENTS);
          return;
        }
        this.#state = "typed";
        this.#binding = createChannelBinding(
          this.#secured.client,
          this.#secured.database,
          this.#events,
        );
        output.send("database", result.message);
        // What came together with the StartupMessage is typed already.
        this.#logIn(result.rest.take(result.rest.length) ?? new Uint8Array(0), output);
        break;
      case "cancel":
        this.#state = "cancel";
        this.#opened("cancel");
        output.send("database", result.message);
        break;
      case "refused":
        this.#close(result.error.message, true, output, result.told ? result.error : null);
        break;
      case undefined:
        break;
    }
  }

  #logIn(bytes: Uint8Array, output: Output): void {
    if (this.#binding === null) {
      this.#fromTypedClient(bytes, output);
      return;
    }
    const passed = this.#binding.fromClient(bytes);
    if (passed.kind === "refused") {
      this.#closeWithError(output, passed.error);
      return;
    }
    for (const piece of passed.pieces) {
      this.#fromTypedClient(piece, output);
    }
  }

  #fromTypedClient(bytes: Uint8Array, output: Output): void {
    try {
      this.#client.receive(bytes, output);
    } catch (error) {
      this.#refuse(output, error, "the client sent an invalid message length");
      return;
    }
    if (this.#requests.overflown) {
      const message = "too many unanswered requests";
      this.#closeWithError(output, { code: PROTOCOL_LIMIT_EXCEEDED, message });
    }
  }

  #fromDatabase(bytes: Uint8Array, output: Output): void {
    if (this.#state === "startup" && !this.#opening.mayHearDatabase) {
      this.#afterOpening(this.#opening.fromDatabase(bytes, output), output);
    } else if (this.#binding === null) {
      this.#workOnAnswers(output, () => this.#database.receive(bytes, output));
    } else {
      for (const piece of this.#binding.fromDatabase(bytes)) {
        this.#workOnAnswers(output, () => this.#database.receive(piece, output));
      }
    }
    if (this.#requests.started) {
      this.#binding = null;
    }
  }

  #workOnAnswers(output: Output, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#refuse(output, error, "the database sent an invalid message length");
    }
  }

  /** Ends the session for bytes that cannot be framed; any other error is a defect and goes on. */
  #refuse(output: Output, error: unknown, message: string): void {
    if (!(error instanceof FormatError)) {
      throw error;
    }
    this.#closeWithError(output, { code: PROTOCOL_VIOLATION, message });
  }

  #closeWithError(output: Output, fatal: FatalError): void {
    this.#close(fatal.message, true, output, this.#expectsError ? fatal : null);
  }

  #close(reason: string, error: boolean, output: Output, fatal: FatalError | null = null): void {
    if (this.#state === "closed") {
      return;
    }
    this.#state = "closed";
    if (fatal !== null) {
      output.send("client", encodeFatalError(fatal));
    }
    output.close(reason, error);
  }
}
