/** How many threads serve connections. */

import { availableParallelism } from "node:os";
import type { Logger } from "../../log/mod.ts";
import type { Endpoint } from "../../transport/mod.ts";

/** The number of workers for a listener: as many as asked for, 0 for one per core, where they can share it. */
export function chooseWorkers(asked: number, listen: Endpoint, log: Logger): number {
  const workers = asked === 0 ? availableParallelism() : asked;
  const reason = workers === 1 ? null : findReasonForOne(listen);
  if (reason === null) {
    return workers;
  }
  log[asked === 0 ? "info" : "warning"](`One worker serves all connections: ${reason}`);
  return 1;
}

/** What keeps several threads from listening together, or `null`. */
export function findReasonForOne(listen: Endpoint): string | null {
  if (listen.kind === "unix") {
    return "a unix socket cannot be shared among several";
  }
  return process.platform === "linux"
    ? null
    : "this system does not spread connections to one port among several";
}
