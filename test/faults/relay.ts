/**
 * A TCP relay between two parts that injects faults into one connection: it can cut, reset,
 * half-close, hold or trickle at a place that a {@link Cutter} finds, and looks for bytes that have
 * no business on its wire.
 */

import net from "node:net";
import { drained } from "../harness/pg_peers.ts";
import { Cutter, type Place } from "./cutters.ts";

/** `up` is from the side that connected to the side that was connected to. */
export type Direction = "up" | "down";

/** What to do with the next connection. */
export interface FaultPlan {
  readonly direction: Direction;
  readonly place?: Place;
  /** Runs once, when everything before the place has been passed on. */
  readonly strike?: (link: Link) => void | Promise<void>;
  /** Passes on so many bytes at a time, with a pause after each, in ms. */
  readonly pace?: { readonly bytes: number; readonly pauseMs: number };
}

/** Bytes that were read and not passed on yet; more are not read. */
const PENDING_LIMIT_BYTES = 64 * 1024;
/** Time for what was passed on before a fault to be read by the receiver, in ms. */
const HEAD_START_MS = 5;

/** One connection through the relay. */
export class Link {
  readonly #client: net.Socket;
  readonly #target: net.Socket;
  #held: PromiseWithResolvers<void> | null = null;
  #cut = false;
  readonly #silenced = new Set<Direction>();

  constructor(client: net.Socket, target: net.Socket) {
    this.#client = client;
    this.#target = target;
  }

  get cut(): boolean {
    return this.#cut;
  }

  /** Our port towards the target. */
  get targetSidePort(): number {
    return this.#target.localPort ?? 0;
  }

  /** Resolves as soon as bytes may be passed on. */
  get free(): Promise<void> {
    return this.#held?.promise ?? Promise.resolve();
  }

  /** Whether what comes in this direction is dropped. */
  isSilenced(direction: Direction): boolean {
    return this.#silenced.has(direction);
  }

  /** Closes both connections; the peers see an end of file. */
  close(): void {
    this.#cut = true;
    this.#client.destroy();
    this.#target.destroy();
  }

  /** Resets both connections. */
  reset(): void {
    this.#cut = true;
    this.#client.resetAndDestroy();
    this.#target.resetAndDestroy();
  }

  /** The receiver of this direction sees an end of file; what the sender goes on to send is dropped. */
  halfClose(direction: Direction): void {
    this.#silenced.add(direction);
    (direction === "up" ? this.#target : this.#client).end();
  }

  /** Passes nothing on, in both directions, until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }
}

/** Tells when one of the needles is on the wire, also when chunks cut it. */
class LeakWatch {
  readonly #needles: readonly Buffer[];
  readonly #found: (needle: string) => void;
  #tail: Buffer = Buffer.alloc(0);

  constructor(needles: readonly Buffer[], found: (needle: string) => void) {
    this.#needles = needles;
    this.#found = found;
  }

  look(chunk: Buffer): void {
    const longest = Math.max(0, ...this.#needles.map(({ length }) => length));
    if (longest === 0) {
      return;
    }
    const bytes = Buffer.concat([this.#tail, chunk]);
    for (const needle of this.#needles) {
      if (bytes.includes(needle)) {
        this.#found(needle.toString("latin1"));
      }
    }
    this.#tail = bytes.subarray(-(longest - 1));
  }
}

export class FaultRelay {
  readonly port: number;
  /** What was seen on the wire and should not have been. */
  readonly leaks: string[] = [];
  /** Faults that struck. */
  struck = 0;
  readonly #server: net.Server;
  #plan: FaultPlan | null = null;

  private constructor(server: net.Server, targetPort: number, needles: readonly Buffer[]) {
    const address = server.address();
    if (address === null || typeof address === "string") {
      throw new Error("the relay has no port");
    }
    this.port = address.port;
    this.#server = server;
    server.on("connection", (client: net.Socket) => this.#accept(client, targetPort, needles));
  }

  /** Relays to a port of 127.0.0.1; none of the needles may ever pass. */
  static async start(targetPort: number, needles: readonly Buffer[] = []): Promise<FaultRelay> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FaultRelay(server, targetPort, needles);
  }

  /** Has the fault injected into the connection that comes next. */
  plan(fault: FaultPlan): void {
    this.#plan = fault;
  }

  /** Forgets a fault that no connection has met. */
  clear(): void {
    this.#plan = null;
  }

  stop(): void {
    this.#server.close();
  }

  #accept(client: net.Socket, targetPort: number, needles: readonly Buffer[]): void {
    const plan = this.#plan;
    this.#plan = null;
    const target = net.connect({
      port: targetPort,
      host: "127.0.0.1",
      allowHalfOpen: true,
      noDelay: true,
    });
    const link = new Link(client, target);
    const pipe = (direction: Direction, from: net.Socket, to: net.Socket): Pipe =>
      new Pipe({
        from,
        to,
        link,
        direction,
        watch: new LeakWatch(needles, (needle) => this.leaks.push(`${direction}: ${needle}`)),
        plan: plan?.direction === direction ? plan : null,
        struck: () => {
          this.struck++;
        },
      });
    pipe("up", client, target).start();
    pipe("down", target, client).start();
  }
}

interface PipeOptions {
  readonly from: net.Socket;
  readonly to: net.Socket;
  readonly link: Link;
  readonly direction: Direction;
  readonly watch: LeakWatch;
  readonly plan: FaultPlan | null;
  readonly struck: () => void;
}

/** One direction of one connection. */
class Pipe {
  readonly #options: PipeOptions;
  #cutter: Cutter | null;
  #turn: Promise<void> = Promise.resolve();
  #pending = 0;
  #ended = false;

  constructor(options: PipeOptions) {
    this.#options = options;
    const { place, pace } = options.plan ?? {};
    this.#cutter = place === undefined ? null : new Cutter(place);
    if (pace !== undefined) {
      options.struck();
    }
  }

  start(): void {
    const { from, to, link } = this.#options;
    from.on("data", (chunk: Buffer) => {
      this.#pending += chunk.length;
      if (this.#pending > PENDING_LIMIT_BYTES) {
        from.pause();
      }
      this.#turn = this.#turn.then(async () => {
        await this.#carry(chunk);
        this.#pending -= chunk.length;
        if (this.#pending <= PENDING_LIMIT_BYTES) {
          from.resume();
        }
      });
    });
    from.on("end", () => {
      this.#ended = true;
      this.#turn = this.#turn.then(() => {
        to.end();
      });
    });
    from.on("error", () => {
      // A reset, or nobody there: the other side gets to see one too.
      if (!link.cut) {
        to.resetAndDestroy();
      }
    });
    from.on("close", () => {
      if (!this.#ended && !link.cut) {
        to.destroy();
      }
    });
  }

  async #carry(chunk: Buffer): Promise<void> {
    const { link, watch, plan, struck, direction } = this.#options;
    watch.look(chunk);
    await link.free;
    const at = this.#cutter?.find(chunk) ?? -1;
    if (at < 0) {
      await this.#pass(chunk);
      return;
    }
    this.#cutter = null;
    await this.#pass(chunk.subarray(0, at));
    await Bun.sleep(HEAD_START_MS);
    struck();
    await plan?.strike?.(link);
    if (!link.cut && !link.isSilenced(direction)) {
      await link.free;
      await this.#pass(chunk.subarray(at));
    }
  }

  async #pass(bytes: Buffer): Promise<void> {
    const { plan } = this.#options;
    if (plan?.pace === undefined) {
      await this.#write(bytes);
      return;
    }
    for (let at = 0; at < bytes.length; at += plan.pace.bytes) {
      await this.#write(bytes.subarray(at, at + plan.pace.bytes));
      await Bun.sleep(plan.pace.pauseMs);
    }
  }

  async #write(bytes: Buffer): Promise<void> {
    const { to, link, direction } = this.#options;
    if (bytes.length === 0 || link.cut || link.isSilenced(direction) || to.destroyed) {
      return;
    }
    if (!to.write(bytes)) {
      await drained(to);
    }
  }
}
