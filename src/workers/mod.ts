/**
 * The threads of a program: one supervisor, which is the first thread, and further ones that serve as
 * it does. They share nothing but a little memory, and tell each other the rest in messages.
 *
 * @module
 */

export type { PlainValues, SharedMemory, StartQuestion, Task } from "./messages.ts";
export {
  type PreparedTask,
  serveThread,
  type ThreadPort,
  type ThreadProgram,
} from "./serve_thread.ts";
export type { Thread } from "./thread_link.ts";
export { ThreadLog } from "./thread_log.ts";
export { type PreparedTasks, WorkerPool } from "./worker_pool.ts";
