/** A further thread of the program: hears from the first one what to do. */

import { runThread } from "./cli/mod.ts";

runThread(
  {
    send: (message) => postMessage(message),
    receive: (listener) => addEventListener("message", ({ data }) => listener(data)),
  },
  process.env,
);
