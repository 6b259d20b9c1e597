/**
 * `acra ready`: asks a running server or connector whether it can serve, for health checks where there
 * is no other HTTP client, as in a container image without a shell.
 */

import { ConfigError, defineSettings, type SettingValues } from "../config/mod.ts";
import { type Connection, dial, type Endpoint, formatEndpoint } from "../transport/mod.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { readEndpoint } from "./endpoints.ts";

/** An answer is one status line, a few headers and one line of text. */
const LARGEST_ANSWER = 16_384;
/** Between two questions, in ms. */
const PAUSE_MS = 200;

const READY_SETTINGS = defineSettings([
  {
    name: "address",
    type: "string",
    default: "tcp://127.0.0.1:9399/",
    help: "Where the server or connector serves its metrics: its prometheus_metrics_address",
  },
  {
    name: "timeout",
    type: "integer",
    default: 5,
    help: "Seconds to wait for the answer",
    validate: (seconds) => (seconds >= 1 && seconds <= 3_600 ? null : "expected 1 to 3600"),
  },
  {
    name: "wait",
    type: "integer",
    default: 0,
    help: "Seconds to ask again and again while it is not ready",
    validate: (seconds) => (seconds >= 0 && seconds <= 3_600 ? null : "expected 0 to 3600"),
  },
]);

export const readyCommand = defineCommand({
  name: "ready",
  service: "acra-ready",
  kind: "tool",
  about:
    "Asks a running server or connector whether it could serve a connection now: its keys can be read and its " +
    "other side lets it in. Ends with status 0 when it could, and with 1 and the reason when not.",
  examples: [
    {
      about: "Ask a server started with --prometheus_metrics_address=tcp://127.0.0.1:9399/",
      line: "acra ready --address=tcp://127.0.0.1:9399/",
    },
    {
      about: "In a script that has just started one",
      line: "acra ready --wait=10",
    },
  ],
  settings: READY_SETTINGS,
  run: askReadiness,
});

async function askReadiness(
  context: CommandContext,
  values: SettingValues<typeof READY_SETTINGS>,
): Promise<number> {
  const endpoint = readEndpoint("address", values.address);
  const end = performance.now() + values.wait * 1_000;
  for (;;) {
    try {
      await askOnce(endpoint, values.timeout * 1_000);
      context.stdout.write("ready\n");
      return 0;
    } catch (error) {
      if (performance.now() >= end) {
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** @throws ConfigError with what keeps it from being ready. */
async function askOnce(endpoint: Endpoint, timeoutMs: number): Promise<void> {
  const { status, text } = await ask(endpoint, timeoutMs);
  if (status === 503) {
    throw new ConfigError(text, "its log says more; `acra keys check` looks at its keys");
  }
  if (status !== 200) {
    throw new ConfigError(
      `${formatEndpoint(endpoint)} answers with status ${status ?? "that is none of HTTP"}`,
      "name the address of --prometheus_metrics_address",
    );
  }
}

interface Answer {
  /** `null` when it was no answer of HTTP. */
  readonly status: number | null;
  readonly text: string;
}

async function ask(endpoint: Endpoint, timeoutMs: number): Promise<Answer> {
  const hint = "is it running, with --prometheus_metrics_address and this address?";
  try {
    const connection = await dial(endpoint, { timeoutMs });
    const answer = readAll(connection, timeoutMs);
    connection.write(new TextEncoder().encode("GET /readyz HTTP/1.0\r\nConnection: close\r\n\r\n"));
    return parseAnswer(await answer);
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error), hint, {
      cause: error,
    });
  }
}

/** Everything until the end, or until it is more than any answer. */
async function readAll(connection: Connection, timeoutMs: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const decoder = new TextDecoder();
  let text = "";
  connection.start({
    data: (bytes) => {
      text += decoder.decode(bytes, { stream: true });
      if (text.length > LARGEST_ANSWER) {
        resolve();
      }
    },
    drained: () => {},
    ended: resolve,
    closed: (error) => (error === null ? resolve() : reject(error)),
  });
  try {
    await promise;
    return text;
  } finally {
    clearTimeout(timer);
    connection.abort();
  }
}

function parseAnswer(answer: string): Answer {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1];
  return { status: status === undefined ? null : Number(status), text: body.trim() };
}
