/**
 * The command line: which command, its flags, help and failures (acra-cli.md §1–§3, §8).
 *
 * @module
 */

export { COMMANDS } from "./commands.ts";
export { type Invocation, runCli } from "./dispatch.ts";
export { createTextInput, type TextInput } from "./text_input.ts";
export { readVersion } from "./version.ts";
export { runThread } from "./workers/thread.ts";
