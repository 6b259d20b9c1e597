/** A further thread of `acra server`: serves as the first one does, save for the HTTP API. */

import { SharedPlaces } from "../../admission/mod.ts";
import { readValues } from "../../config/mod.ts";
import type { SummingLogger } from "../../log/mod.ts";
import { Board } from "../../lookahead/mod.ts";
import { ServerMetrics } from "../../metrics/mod.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../server/mod.ts";
import { countAbandonedDialsIn } from "../../transport/mod.ts";
import type {
  PreparedTask,
  StartQuestion,
  Task,
  ThreadLog,
  ThreadProgram,
} from "../../workers/mod.ts";
import type { CommandContext } from "../command.ts";
import { levelOf } from "../daemon.ts";
import { readEndpoint } from "../endpoints.ts";
import { cellModeOf, makeServerOptions, type ServerValues } from "../server_options.ts";
import { SERVER_SETTINGS } from "../server_settings.ts";

/** What the thread has of the world. */
export interface ThreadWorld {
  readonly env: CommandContext["env"];
  readonly log: ThreadLog;
  /** Writes to `log`. */
  readonly sums: SummingLogger;
}

/** Listens, and answers what is to be asked from now on. */
export async function startServerThread(
  question: StartQuestion,
  world: ThreadWorld,
): Promise<ThreadProgram> {
  const values = readValues(SERVER_SETTINGS, question.values);
  const metrics = question.counted ? new ServerMetrics(null, cellModeOf(values)) : null;
  const places = new SharedPlaces(question.memory.places, question.thread);
  countAbandonedDialsIn(places.abandonedDials);
  const make: MakeOptions = (next, listen) => ({
    ...world.log.quietly(() => makeServerOptions(world, next, question.workers)),
    listen: listen === null ? null : readEndpoint("incoming_connection_string", listen),
    api: null,
    metrics,
    log: world.sums,
  });
  const server = await startServer(make(values, question.listen), {
    places,
    board: new Board(question.memory.lookahead, question.thread),
    portSharing: "further",
  });
  world.log.level = levelOf(values);
  return {
    finished: server.finished,
    prepare: (task) => prepare(task, server, { make, log: world.log }),
    resetKeys: () => server.resetKeys(),
    close: () => server.close(),
    drain: () => server.drain(),
    stop: () => server.stop(1),
    readMetrics: async () => (await metrics?.read()) ?? null,
  };
}

type MakeOptions = (values: ServerValues, listen: string | null) => ServerOptions;

async function prepare(
  task: Task,
  server: RunningServer,
  { make, log }: { readonly make: MakeOptions; readonly log: ThreadLog },
): Promise<PreparedTask> {
  const values = readValues(SERVER_SETTINGS, task.values);
  const move = await server.prepare(make(values, task.listen));
  return {
    commit: () => {
      move.commit();
      log.level = levelOf(values);
    },
    cancel: () => move.cancel(),
  };
}
