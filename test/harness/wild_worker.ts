/** A thread that does what its settings say, good or bad: for tests of those who lead threads. */

import { serveThread, type Task, ThreadLog, type ThreadProgram } from "../../src/workers/mod.ts";

const port = {
  send: (message: unknown) => postMessage(message),
  receive: (listener: (data: unknown) => void) =>
    addEventListener("message", ({ data }) => listener(data)),
};
const log = new ThreadLog((record) => port.send({ kind: "log", ...record }));

serveThread(port, async (question): Promise<ThreadProgram> => {
  let holds = question.values["name"] ?? "";
  if (question.values["at_start"] === "refuse") {
    throw new Error("this thread cannot start");
  }
  if (question.values["at_start"] === "exit") {
    process.exit(3);
  }
  const { promise: finished, resolve } = Promise.withResolvers<number>();
  const tell = (text: string) => log.warning(`${question.thread} ${text}`);
  tell(`starts with ${holds}`);
  return {
    finished,
    prepare: async ({ values }: Task) => {
      if (values["refused_by"] === question.thread) {
        throw new Error(`thread ${question.thread} refuses`);
      }
      return {
        commit: () => {
          holds = values["name"] ?? "";
          tell(`has ${holds}`);
        },
        cancel: async () => tell(`keeps ${holds}`),
      };
    },
    resetKeys: () => {
      if (holds === "throws") {
        // Nobody catches it: an event of the thread, not an answer.
        setTimeout(() => {
          throw new Error("a defect");
        });
      }
      tell("forgets");
    },
    close: () => tell("closes"),
    drain: async () => question.thread,
    stop: () => resolve(1),
    readMetrics: async () => {
      if (holds === "silent") {
        await new Promise(() => {});
      }
      return { metrics: [], latencies: { a: { counts: [question.thread], sum: 1 } } };
    },
  };
});
