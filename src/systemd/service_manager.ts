/** The states of a daemon, in the words of sd_notify(3). */

import { type DatagramSocket, openDatagramSocket } from "./datagram_socket.ts";

/** Pause before a message that the system did not take is sent again, in ms. */
const RETRY_MS = 100;
/** Tries for one message; systemd reads again within this time, or never. */
const MAXIMUM_TRIES = 50;
/** What ending takes beyond the time for sessions, in ms: connections that linger, the last log lines. */
const STOP_MARGIN_MS = 10_000;

/** Whoever started this process and wants to hear how it is; telling never waits and never fails. */
export interface ServiceManager {
  /** Connections are accepted, at the start or again after a reload; the line is for `systemctl status`. */
  ready(status: string): void;
  /** The settings are read again; `ready` follows. */
  reloading(): void;
  /** The end has begun and may take this long, in ms. */
  stopping(limitMs: number, status: string): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Finds the manager in the environment; one that hears nothing when there is none. */
export function connectServiceManager(env: Environment): ServiceManager {
  const address = env["NOTIFY_SOCKET"] ?? "";
  const socket = address === "" ? null : openDatagramSocket(address);
  return socket === null ? NOBODY : new NotifiedManager(socket, watchdogIntervalOf(env));
}

const NOBODY: ServiceManager = { ready: () => {}, reloading: () => {}, stopping: () => {} };

/** Half of the time after which the manager loses patience, in ms; `null` when it waits for nothing from us. */
function watchdogIntervalOf(env: Environment): number | null {
  const microseconds = Number(env["WATCHDOG_USEC"] ?? "");
  const pid = env["WATCHDOG_PID"] ?? "";
  if (!Number.isSafeInteger(microseconds) || microseconds <= 0) {
    return null;
  }
  return pid === "" || Number(pid) === process.pid ? microseconds / 2 / 1e3 : null;
}

class NotifiedManager implements ServiceManager {
  readonly #socket: DatagramSocket;
  readonly #watchdogMs: number | null;
  /** Messages that the system has not taken yet, in their order. */
  readonly #waiting: string[] = [];
  #tries = 0;
  #watched = false;

  constructor(socket: DatagramSocket, watchdogMs: number | null) {
    this.#socket = socket;
    this.#watchdogMs = watchdogMs;
  }

  ready(status: string): void {
    this.#send(`READY=1\nSTATUS=${status}`);
    this.#startWatchdog();
  }

  reloading(): void {
    const time = this.#socket.monotonicMicroseconds();
    this.#send(`RELOADING=1\nMONOTONIC_USEC=${time}\nSTATUS=Reading the configuration again`);
  }

  stopping(limitMs: number, status: string): void {
    const microseconds = (limitMs + STOP_MARGIN_MS) * 1e3;
    this.#send(`STOPPING=1\nEXTEND_TIMEOUT_USEC=${microseconds}\nSTATUS=${status}`);
  }

  /** Pings come from the event loop and from nowhere else: a loop that hangs is silent. */
  #startWatchdog(): void {
    if (this.#watchdogMs === null || this.#watched) {
      return;
    }
    this.#watched = true;
    this.#ping();
    setInterval(() => this.#ping(), this.#watchdogMs).unref();
  }

  #ping(): void {
    if (this.#waiting.length === 0) {
      this.#socket.send("WATCHDOG=1");
    }
  }

  #send(message: string): void {
    this.#waiting.push(message);
    if (this.#waiting.length === 1) {
      this.#flush();
    }
  }

  #flush(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const taken = this.#socket.send(next);
      if (!taken && ++this.#tries < MAXIMUM_TRIES) {
        setTimeout(() => this.#flush(), RETRY_MS).unref();
        return;
      }
      this.#tries = 0;
      this.#waiting.shift();
    }
  }
}
