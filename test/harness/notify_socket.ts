/** The socket that systemd gives to a daemon, held by a small Python program: datagrams in, lines out. */

import { PYTHON } from "./missing.ts";
import { type RunningProcess, startProcess } from "./process.ts";

const SCRIPT = `
import json, socket, sys, time
address = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\\0" + address[1:] if address.startswith("@") else address)
print("{}", flush=True)
while True:
    text = receiver.recv(4096).decode()
    print(json.dumps({"at": time.monotonic_ns() // 1000, "text": text}), flush=True)
`;

/** One datagram. */
export interface Notification {
  /** When it was received, in µs of CLOCK_MONOTONIC. */
  readonly at: number;
  /** Its lines: name → value. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Receives what a daemon tells its service manager. */
export class NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly address: string;
  readonly #receiver: RunningProcess;

  private constructor(address: string, receiver: RunningProcess) {
    this.address = address;
    this.#receiver = receiver;
  }

  /** Binds a path, or an abstract name that begins with `@`. */
  static async bind(address: string): Promise<NotifySocket> {
    const receiver = startProcess([PYTHON, "-c", SCRIPT, address], { endSignal: "KILL" });
    await receiver.stdout.waitFor("{}");
    return new NotifySocket(address, receiver);
  }

  /** Everything received so far, in its order. */
  get notifications(): Notification[] {
    return this.#receiver.stdout.lines.slice(1).map(parse);
  }

  /** How many pings for the watchdog came. */
  get pings(): number {
    return this.notifications.filter(({ fields }) => "WATCHDOG" in fields).length;
  }

  /** The first notification with this field, among those that came and those to come. */
  async waitFor(name: string): Promise<Notification> {
    return parse(await this.#receiver.stdout.waitFor(new RegExp(`["\\\\n]${name}=`)));
  }

  async close(): Promise<void> {
    await this.#receiver.stop("SIGKILL");
  }
}

function parse(line: string): Notification {
  const { at, text } = JSON.parse(line) as { readonly at: number; readonly text: string };
  const fields = text.split("\n").map((entry) => {
    const border = entry.indexOf("=");
    return [entry.slice(0, border), entry.slice(border + 1)] as const;
  });
  return { at, fields: Object.fromEntries(fields) };
}
