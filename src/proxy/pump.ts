/**
 * Moves bytes between two connections and a session object.
 *
 * Backpressure: a side is read only while the other side's queue is short and the session has no
 * work left over from it. Ends: a half-closed side is half-closed towards the other one too, once
 * everything that came before has been passed on; a side that is gone takes the other one along.
 */

import type { Action, ProtocolSession, SecuredLeg, SessionFailure, Side } from "../pipeline/mod.ts";
import type { Connection } from "../transport/mod.ts";
import { Leg } from "./leg.ts";
import { describeFailing, describeLeaving, type PumpEnd, type Standing } from "./pump_end.ts";

/** Bytes queued towards one side before the other one is paused (acra-proxy.md §5.1.3). */
const HIGH_WATER_BYTES = 256 * 1024;
/** How long a side may take to close after it was told that the session is over, in ms. */
const LINGER_MS = 5_000;

/** Counts what moves; called for each chunk, so it has to be quick, and must not throw. */
export interface PumpMeter {
  received(from: Side, bytes: number): void;
  sent(to: Side, bytes: number): void;
  /** The session worked in one turn on what came from a side, between these moments in ms. */
  worked(from: Side, startedAt: number, endedAt: number): void;
}

/** How TLS is to begin on a side: what was read already, and whether it was not asked for before. */
export type TlsStart = Pick<Extract<Action, { kind: "start-tls" }>, "head" | "direct">;

/**
 * Runs the handshake of a side on top of its connection; answers the connection of plain bytes and
 * what the session has to know.
 * @throws Error when it fails; the connection is closed then. The callee logs it.
 */
export type StartTls = (
  side: Side,
  base: Connection,
  start: TlsStart,
) => Promise<{ readonly connection: Connection; readonly leg: SecuredLeg }>;

/** What a pump works on. */
export interface PumpOptions {
  readonly session: ProtocolSession;
  readonly client: Connection;
  /** `null` when the database could not be reached: the client is told so in its own protocol. */
  readonly database: Connection | null;
  /** Runs the poison alarm; afterwards the session goes on, unless the callee aborted the pump. */
  readonly alarm: () => void;
  /** For sessions that speak TLS on their legs. */
  readonly startTls?: StartTls;
  /** Counts bytes and the time for them; nobody counts when it is absent. */
  readonly meter?: PumpMeter | null;
  /** Called once, when both connections are gone. */
  readonly ended: (end: PumpEnd) => void;
}

/** One running session. */
export class Pump {
  readonly #options: PumpOptions;
  readonly #client: Leg;
  readonly #database: Leg | null;
  #end: PumpEnd | null = null;
  #closing = false;
  #aborted = false;
  #draining = false;
  #reported = false;
  #linger: ReturnType<typeof setTimeout> | null = null;

  constructor(options: PumpOptions) {
    this.#options = options;
    this.#client = new Leg(options.client);
    this.#database = options.database === null ? null : new Leg(options.database);
  }

  /** Starts to move bytes; call it once. */
  start(): void {
    this.#startLeg("client", this.#client);
    if (this.#database !== null) {
      this.#startLeg("database", this.#database);
    }
  }

  /** Lets the session end at its next message border, or at once when it stands at one. */
  drain(): void {
    this.#draining = true;
    this.#endWhenIdle();
  }

  /** Ends the session for a reason of the program's own, in the words of the protocol. */
  fail(failure: SessionFailure): void {
    this.#carry(this.#options.session.fail(failure));
  }

  /** The session's named state. */
  get phase(): string {
    return this.#options.session.phase;
  }

  /** Cuts both connections at once; nothing that is queued is sent any more. */
  abort(reason: string): void {
    this.#aborted = true;
    this.#end ??= { reason, error: false };
    this.#client.abort();
    this.#database?.abort();
  }

  #startLeg(side: Side, leg: Leg): void {
    leg.start({
      data: (bytes) => this.#receive(side, bytes),
      drained: () => this.#drained(),
      ended: () => this.#sideEnded(side, leg),
      closed: (error) => this.#sideClosed(side, leg, error),
    });
  }

  #receive(from: Side, bytes: Uint8Array): void {
    if (this.#closing || this.#aborted) {
      return;
    }
    const { meter, session } = this.#options;
    // For every chunk: without the closures of the other turns, which would cost as much as the turn.
    try {
      if (meter) {
        meter.received(from, bytes.length);
        this.#work(from, () => session.receive(from, bytes));
      } else {
        this.#carry(session.receive(from, bytes));
        this.#afterWork(from);
      }
    } catch (error) {
      this.#breakOff(error);
    }
  }

  /** One turn of the session: its actions, and what follows from them. */
  #work(from: Side, turn: () => readonly Action[]): void {
    const { meter } = this.#options;
    if (meter) {
      const start = performance.now();
      const actions = turn();
      meter.worked(from, start, performance.now());
      this.#carry(actions);
    } else {
      this.#carry(turn());
    }
    this.#afterWork(from);
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#breakOff(error);
    }
  }

  /** A defect of ours that some input brings to light ends this session, not the process. */
  #breakOff(error: unknown): void {
    const reason = `internal error: ${error instanceof Error ? error.message : "unknown"}`;
    this.#end ??= { reason, error: true };
    this.abort(reason);
  }

  #afterWork(from: Side): void {
    if (this.#database === null && !this.#closing) {
      this.#carry(this.#options.session.fail("database-unreachable"));
    }
    if (this.#options.session.hasWork(from) && !this.#closing && !this.#aborted) {
      this.#leg(from)?.pause();
      this.#schedule(from);
      return;
    }
    this.#regulate(from);
    this.#endWhenIdle();
  }

  #schedule(from: Side): void {
    const leg = this.#leg(from);
    if (leg !== null && !leg.scheduled) {
      leg.scheduled = true;
      setImmediate(() => {
        leg.scheduled = false;
        this.#guard(() => this.#workOn(from));
      });
    }
  }

  #workOn(from: Side): void {
    if (this.#closing || this.#aborted) {
      return;
    }
    if (this.#isFull(other(from))) {
      return;
    }
    this.#work(from, () => this.#options.session.resume(from));
    const leg = this.#leg(from);
    if (leg?.ended === true && !this.#options.session.hasWork(from)) {
      this.#finishOther(from);
    }
  }

  #carry(actions: readonly Action[]): void {
    for (const action of actions) {
      if (this.#aborted) {
        return;
      }
      switch (action.kind) {
        case "send":
          this.#send(action.to, action.buffers);
          break;
        case "alarm":
          this.#options.alarm();
          break;
        case "start-tls":
          void this.#startTls(action.side, action);
          break;
        case "close":
          this.#close({ reason: action.reason, error: action.error });
          break;
      }
    }
  }

  async #startTls(side: Side, start: TlsStart): Promise<void> {
    const leg = this.#leg(side);
    const { startTls, session } = this.#options;
    if (leg === null || startTls === undefined) {
      return;
    }
    try {
      await leg.replace(
        (base) => startTls(side, base, start),
        (made) => this.#afterTls(side, () => session.secured(side, made.leg)),
      );
    } catch {
      leg.markClosed();
      this.#afterTls(side, () => session.securingFailed(side));
      if (side === "client") {
        this.#sideClosed(side, leg, null);
      }
      this.#report();
    }
  }

  #afterTls(side: Side, work: () => readonly Action[]): void {
    if (!this.#aborted && !this.#closing) {
      this.#guard(() => this.#work(side, work));
    }
  }

  #send(to: Side, buffers: readonly Uint8Array[]): void {
    const sent = this.#leg(to)?.send(buffers) ?? 0;
    if (sent > 0) {
      this.#options.meter?.sent(to, sent);
    }
  }

  /** Pauses or resumes reading from a side by the length of the other side's queue. */
  #regulate(from: Side): void {
    const leg = this.#leg(from);
    if (this.#isFull(other(from))) {
      leg?.pause();
    } else if (!this.#closing) {
      leg?.resume();
    }
  }

  #isFull(side: Side): boolean {
    return (this.#leg(side)?.queuedBytes ?? 0) > HIGH_WATER_BYTES;
  }

  #drained(): void {
    if (this.#aborted) {
      return;
    }
    for (const from of ["client", "database"] as const) {
      const leg = this.#leg(from);
      if (leg === null || !leg.paused) {
        continue;
      }
      if (this.#options.session.hasWork(from)) {
        this.#schedule(from);
      } else {
        this.#regulate(from);
      }
    }
  }

  #endWhenIdle(): void {
    if (this.#draining && !this.#closing && !this.#aborted && this.#options.session.idle) {
      this.#carry(this.#options.session.fail("shutdown"));
    }
  }

  #sideEnded(side: Side, leg: Leg): void {
    leg.ended = true;
    if (this.#aborted) {
      return;
    }
    this.#guard(() => this.#carry(this.#options.session.end(side)));
    if (!this.#options.session.hasWork(side)) {
      this.#finishOther(side);
    }
  }

  /** Passes a side's end of file on, behind everything that was sent before it. */
  #finishOther(side: Side): void {
    const to = this.#leg(other(side));
    if (to === null) {
      this.#close({ reason: "the client went away", error: false });
      return;
    }
    to.finish();
    if (side === "database" || to.ended) {
      this.#close(describeLeaving(side, this.#standing()));
    }
  }

  #sideClosed(side: Side, leg: Leg, error: Error | null): void {
    const standing = this.#standing();
    const end =
      error === null ? describeLeaving(side, standing) : describeFailing(side, error, standing);
    leg.markClosed();
    this.#close(end);
    if (side === "client" && this.#database !== null && !this.#database.closed) {
      this.#database.abort();
    }
    this.#report();
  }

  /** How it is to be judged that a side went away now. */
  #standing(): Standing {
    return { clientEnded: this.#client.ended, settled: this.#options.session.settled };
  }

  /** Flushes and closes both sides; a side that does not follow in time is cut. */
  #close(end: PumpEnd): void {
    this.#end ??= end;
    if (this.#closing || this.#aborted) {
      return;
    }
    this.#closing = true;
    for (const leg of [this.#client, this.#database]) {
      leg?.finish();
      // Whatever still arrives is read and dropped, so that a reset cannot swallow what we sent.
      leg?.resume();
    }
    this.#watchLinger(this.#queued());
  }

  /** Cuts both sides once nothing has moved for the time a peer is given. */
  #watchLinger(queuedBefore: number): void {
    this.#linger = setTimeout(() => {
      const queued = this.#queued();
      if (queued > 0 && queued < queuedBefore) {
        this.#watchLinger(queued);
        return;
      }
      this.#client.abort();
      this.#database?.abort();
    }, LINGER_MS);
  }

  #queued(): number {
    return this.#client.queuedBytes + (this.#database?.queuedBytes ?? 0);
  }

  #report(): void {
    if (this.#reported || !this.#client.closed || this.#database?.closed === false) {
      return;
    }
    this.#reported = true;
    if (this.#linger !== null) {
      clearTimeout(this.#linger);
    }
    this.#options.session.release();
    this.#options.ended(this.#end ?? { reason: "both sides closed", error: false });
  }

  #leg(side: Side): Leg | null {
    return side === "client" ? this.#client : this.#database;
  }
}

function other(side: Side): Side {
  return side === "client" ? "database" : "client";
}
