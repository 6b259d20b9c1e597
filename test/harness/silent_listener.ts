/** A port behind which nobody answers: connecting gets neither an acceptance nor a refusal. */

import net from "node:net";
import { type RunningProcess, startProcess } from "./process.ts";

const SCRIPT = `
  const server = require("node:net").createServer();
  server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => {
    require("node:fs").writeSync(1, String(server.address().port) + "\\n");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60000);
    process.exit(0);
  });`;
/** More than the queue of the system holds. */
const FILLING = 700;
/** Who is in the queue is in it by then, in ms. */
const SETTLING_MS = 200;

/** A process that listens and never accepts; once its queue is full the system drops who comes. */
export class SilentListener {
  readonly port: number;
  readonly #process: RunningProcess;
  #filling: net.Socket[] = [];

  private constructor(port: number, process: RunningProcess) {
    this.port = port;
    this.#process = process;
  }

  static async start(): Promise<SilentListener> {
    const process = startProcess([globalThis.process.execPath, "-e", SCRIPT], {
      endSignal: "KILL",
    });
    return new SilentListener(Number(await process.stdout.waitFor(/^\d+$/)), process);
  }

  /** Fills the queue, so that the next one to come gets no answer. */
  async fill(): Promise<void> {
    this.#filling = Array.from({ length: FILLING }, () => {
      const socket = net.connect(this.port, "127.0.0.1");
      socket.on("error", () => {});
      return socket;
    });
    await Bun.sleep(SETTLING_MS);
  }

  async stop(): Promise<void> {
    await this.#process.stop("SIGKILL");
    for (const socket of this.#filling) {
      socket.destroy();
    }
  }
}
