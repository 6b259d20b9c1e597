/** What a further thread does: the part of a command that the first question names. */

import { createSummingLog } from "../../log/mod.ts";
import { serveThread, ThreadLog, type ThreadPort } from "../../workers/mod.ts";
import type { CommandContext } from "../command.ts";
import { logDefects } from "../daemon.ts";
import { startConnectorThread } from "./connector_thread.ts";
import { startServerThread } from "./server_thread.ts";

const PROGRAMS: Readonly<Record<string, typeof startServerThread>> = {
  server: startServerThread,
  connector: startConnectorThread,
};

/** Serves until the supervisor ends the thread. */
export function runThread(port: ThreadPort, env: CommandContext["env"]): void {
  const log = new ThreadLog((record) => port.send({ kind: "log", ...record }));
  const sums = createSummingLog(log);
  logDefects(sums);
  serveThread(port, async (question) => {
    const start = PROGRAMS[question.command];
    if (start === undefined) {
      throw new TypeError(`acra ${question.command} has no threads`);
    }
    const program = await start(question, { env, log, sums });
    void program.finished.then(() => sums.close());
    return program;
  });
}
