/**
 * What the threads of a program say to each other: questions of the supervisor, which is the first
 * thread, and answers, log lines and an end of the others. All of it is plain data. Threads run the
 * same build, so what has another shape is a mistake of ours; it is refused all the same.
 */

import type { LogFields, LogLevel } from "../log/mod.ts";

/** Values of settings by their names. */
export type PlainValues = Readonly<Record<string, string | number | boolean>>;

/** Memory that the threads of a program share; each gets it at its start. */
export interface SharedMemory {
  /** Who is in, for the limits on connections. */
  readonly places: SharedArrayBuffer;
  /** Where threads ask each other for data keys; empty where they do not. */
  readonly lookahead: SharedArrayBuffer;
}

/** What a thread serves with: it makes its own keys, limits and TLS of it, as the supervisor does. */
export interface Task {
  readonly values: PlainValues;
  /** The connection string of what it listens on; `null` when it takes no new sessions. */
  readonly listen: string | null;
}

/** Begins a thread: the first question, once. */
export interface StartQuestion extends Task {
  readonly kind: "start";
  /** As typed after `acra`: `server`. */
  readonly command: string;
  /** Its number; the supervisor has 0. */
  readonly thread: number;
  /** All threads, the supervisor included. */
  readonly workers: number;
  /** Whether somebody wants to see counts. */
  readonly counted: boolean;
  readonly memory: SharedMemory;
}

/** Questions of one word. `close` ends accepting, `drain` waits for sessions, `stop` cuts them. */
const BARE_QUESTIONS = [
  "commit",
  "cancel",
  "reset-keys",
  "close",
  "drain",
  "stop",
  "read-metrics",
] as const;

/** What the supervisor asks for. A `prepare` that succeeded is followed by `commit` or `cancel`. */
export type Question =
  | StartQuestion
  | ({ readonly kind: "prepare" } & Task)
  | { readonly kind: (typeof BARE_QUESTIONS)[number] };

/** What an answer carries: sessions that still run after `drain`, metrics as JSON, else nothing. */
export type Answer = number | string | null;

/** From the supervisor. */
export interface ToThread {
  readonly id: number;
  readonly question: Question;
}

/** One line of a thread's log. */
export interface LogRecord {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** From a thread. */
export type FromThread =
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer }
  | { readonly kind: "failure"; readonly id: number; readonly error: string }
  | ({ readonly kind: "log" } & LogRecord)
  /** The thread ended all sessions by itself, and the program has to end with this status. */
  | { readonly kind: "finished"; readonly status: number };

const LEVELS = ["debug", "info", "warning", "error"] as const;

/** @throws TypeError for anything else. */
export function parseToThread(data: unknown): ToThread {
  if (!isRecord(data) || !isNumber(data["id"])) {
    throw misshapen("question");
  }
  return { id: data["id"], question: parseQuestion(data["question"]) };
}

function parseQuestion(data: unknown): Question {
  if (!isRecord(data)) {
    throw misshapen("question");
  }
  const kind = BARE_QUESTIONS.find((known) => known === data["kind"]);
  if (kind !== undefined) {
    return { kind };
  }
  const { values, listen } = data;
  if (!isPlain(values) || !(listen === null || isText(listen))) {
    throw misshapen("task");
  }
  switch (data["kind"]) {
    case "prepare":
      return { kind: "prepare", values, listen };
    case "start":
      return { ...parseStart(data), values, listen };
    default:
      throw misshapen("question");
  }
}

function parseStart(data: Readonly<Record<string, unknown>>): Omit<StartQuestion, keyof Task> {
  const { command, thread, workers, counted, memory } = data;
  const isWhole =
    isText(command) && isNumber(thread) && isNumber(workers) && typeof counted === "boolean";
  if (!isWhole || !isRecord(memory)) {
    throw misshapen("start");
  }
  const { places, lookahead } = memory;
  if (!(places instanceof SharedArrayBuffer && lookahead instanceof SharedArrayBuffer)) {
    throw misshapen("start");
  }
  return { kind: "start", command, thread, workers, counted, memory: { places, lookahead } };
}

/** @throws TypeError for anything else. */
export function parseFromThread(data: unknown): FromThread {
  if (!isRecord(data)) {
    throw misshapen("message");
  }
  const { id, answer, error, status } = data;
  if (data["kind"] === "answer" && isNumber(id) && isAnswer(answer)) {
    return { kind: "answer", id, answer };
  }
  if (data["kind"] === "failure" && isNumber(id) && isText(error)) {
    return { kind: "failure", id, error };
  }
  if (data["kind"] === "finished" && isNumber(status)) {
    return { kind: "finished", status };
  }
  const level = LEVELS.find((known) => known === data["level"]);
  const { message, fields } = data;
  if (data["kind"] === "log" && level !== undefined && isText(message) && isPlain(fields)) {
    return { kind: "log", level, message, fields };
  }
  throw misshapen("message");
}

function misshapen(what: string): TypeError {
  return new TypeError(`A ${what} between threads has a shape that it cannot have`);
}

function isRecord(data: unknown): data is Readonly<Record<string, unknown>> {
  return typeof data === "object" && data !== null;
}

function isNumber(data: unknown): data is number {
  return typeof data === "number";
}

function isText(data: unknown): data is string {
  return typeof data === "string";
}

function isAnswer(data: unknown): data is Answer {
  return data === null || isNumber(data) || isText(data);
}

function isPlain(data: unknown): data is PlainValues {
  return (
    isRecord(data) &&
    Object.values(data).every((value) => ["string", "number", "boolean"].includes(typeof value))
  );
}
