/**
 * A PostgreSQL session: acra-proxy.md §5.1 and §5.2. Phases: `startup` (untyped messages until a
 * StartupMessage), `authentication` (until the database is ready for the first time), `ready`;
 * `cancel` for a connection that only carries a CancelRequest; `closed`.
 */

import { ByteQueue, FormatError } from "../../bytes/mod.ts";
import {
  decodeStartupHeader,
  encodeFatalError,
  type FatalError,
  isDirectTls,
  STARTUP_HEADER_LENGTH,
  type StartupKind,
} from "../../wire/postgres/mod.ts";
import { type CellOptions, CellScanner } from "../cell_scanner.ts";
import { Output } from "../output.ts";
import type { Action, ProtocolSession, SessionFailure, Side } from "../session.ts";
import type { SessionEvents } from "../session_events.ts";
import type { ByteaFormat } from "./cell_forms.ts";
import { ClientLeg } from "./client_leg.ts";
import { DatabaseLeg } from "./database_leg.ts";
import { type RequestLimits, RequestQueue } from "./request_queue.ts";
import { RowRewriter } from "./row_rewriter.ts";

const MAXIMUM_ROW_BYTES = 64 * 1024 * 1024;
const OPENINGS_PER_TURN = 32;
const REQUEST_LIMITS: RequestLimits = { requests: 1_000_000, bytes: 64 * 1024 * 1024 };

const NOTHING: readonly Action[] = [];
/** Answer to a request for encryption that is not available. */
const REFUSAL = Uint8Array.of(0x4e); // N

const PROTOCOL_VIOLATION = "08P01";
const PROTOCOL_LIMIT_EXCEEDED = "54000";
const FEATURE_NOT_SUPPORTED = "0A000";
const DATABASE_UNREACHABLE: FatalError = {
  code: "08006",
  message: "could not connect to database",
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
  /** Larger rows pass undecrypted; 64 MiB unless given. */
  readonly maxRowBytes?: number;
  /** AcraStructs that one turn may try to open; 32 unless given. */
  readonly openingsPerTurn?: number;
  /** What the application may leave unanswered; a million requests, 64 MiB of names unless given. */
  readonly requestLimits?: RequestLimits;
}

/** The phases of a session. */
export type PostgresPhase = "startup" | "authentication" | "ready" | "cancel" | "closed";

/** Makes the session object of one connection. */
export function createPostgresSession(options: PostgresSessionOptions): ProtocolSession {
  return new PostgresSession(options);
}

class PostgresSession implements ProtocolSession {
  readonly #startup = new ByteQueue();
  /** What the client asked for before its StartupMessage; each may be asked once. */
  readonly #asked = new Set<StartupKind>();
  readonly #requests: RequestQueue;
  readonly #client: ClientLeg;
  readonly #database: DatabaseLeg;
  #state: "startup" | "typed" | "cancel" | "closed" = "startup";

  constructor(options: PostgresSessionOptions) {
    const { cells, events } = options;
    const requests = new RequestQueue(options.requestLimits ?? REQUEST_LIMITS, () =>
      events.trackingLost(),
    );
    const scanner = new CellScanner(cells, events);
    this.#requests = requests;
    this.#client = new ClientLeg(requests);
    this.#database = new DatabaseLeg({
      requests,
      rewriter: new RowRewriter(scanner, options.byteaFormat, events),
      events,
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
      return this.#startup.length === 0;
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
      this.#fromDatabase(output, () => this.#database.receive(bytes, output));
    }
    return output.actions;
  }

  resume(from: Side): readonly Action[] {
    if (!this.hasWork(from)) {
      return NOTHING;
    }
    const output = new Output();
    this.#fromDatabase(output, () => this.#database.resume(output));
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
    const reason = "the database cannot be reached";
    if (this.#state === "typed") {
      this.#close(reason, true, output, DATABASE_UNREACHABLE);
    } else if (this.#state === "cancel") {
      this.#close(reason, true, output);
    }
  }

  #fromClient(bytes: Uint8Array, output: Output): void {
    if (this.#state === "typed") {
      this.#fromTypedClient(bytes, output);
    } else if (this.#state === "startup") {
      this.#startup.push(bytes);
      this.#readStartup(output);
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

  #fromDatabase(output: Output, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#refuse(output, error, "the database sent an invalid message length");
    }
  }

  /** Takes untyped messages until one of them settles what the connection is for. */
  #readStartup(output: Output): void {
    while (this.#state === "startup") {
      const first = this.#startup.peek(1);
      if (first !== null && isDirectTls(first)) {
        this.#close("the client began with TLS, which is not available", true, output);
        return;
      }
      const head = this.#startup.peek(STARTUP_HEADER_LENGTH);
      if (head === null) {
        return;
      }
      try {
        const { kind, length } = decodeStartupHeader(head);
        const message = this.#startup.take(length);
        if (message === null) {
          return;
        }
        this.#takeStartup(kind, message, output);
      } catch (error) {
        this.#refuse(output, error, "the client sent an invalid startup packet");
        return;
      }
    }
  }

  #takeStartup(kind: StartupKind, message: Uint8Array, output: Output): void {
    switch (kind) {
      case "ssl":
      case "gssenc":
        // Not forwarded: the database might agree to an encryption that nobody here could begin.
        if (this.#asked.has(kind)) {
          this.#refuseUnsupported(output);
        } else {
          this.#asked.add(kind);
          output.send("client", REFUSAL);
        }
        break;
      case "cancel":
        this.#state = "cancel";
        this.#startup.clear();
        output.send("database", message);
        break;
      case "startup":
        this.#state = "typed";
        output.send("database", message);
        this.#passRest(output);
        break;
      case "unsupported":
        this.#refuseUnsupported(output);
        break;
    }
  }

  /** What came together with the StartupMessage is typed already. */
  #passRest(output: Output): void {
    let rest = this.#startup.takeChunk(Number.MAX_SAFE_INTEGER);
    while (rest !== null && this.#state === "typed") {
      this.#fromTypedClient(rest, output);
      rest = this.#startup.takeChunk(Number.MAX_SAFE_INTEGER);
    }
  }

  #refuseUnsupported(output: Output): void {
    const message = "unsupported frontend protocol";
    this.#closeWithError(output, { code: FEATURE_NOT_SUPPORTED, message });
  }

  /** Ends the session for bytes that cannot be framed; any other error is a defect and goes on. */
  #refuse(output: Output, error: unknown, message: string): void {
    if (!(error instanceof FormatError)) {
      throw error;
    }
    this.#closeWithError(output, { code: PROTOCOL_VIOLATION, message });
  }

  #closeWithError(output: Output, fatal: FatalError): void {
    const expected = this.#state === "startup" || this.#expectsError;
    this.#close(fatal.message, true, output, expected ? fatal : null);
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
