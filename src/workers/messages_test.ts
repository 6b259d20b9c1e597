/** What threads take for a message, and what they do not. */

import { expect, test } from "bun:test";
import { parseFromThread, parseToThread } from "./messages.ts";
import { RestartPace } from "./restart_pace.ts";

const START = {
  kind: "start",
  command: "server",
  thread: 1,
  workers: 2,
  counted: true,
  memory: { places: new SharedArrayBuffer(8), lookahead: new SharedArrayBuffer(0) },
  values: { name: "x", count: 1, on: true },
  listen: "tcp://127.0.0.1:1/",
};

test("questions survive the way between threads", () => {
  for (const question of [
    START,
    { kind: "prepare", values: {}, listen: null },
    { kind: "commit" },
    { kind: "stop" },
  ]) {
    const message: unknown = structuredClone({ id: 7, question });
    expect(Bun.deepEquals(parseToThread(message), { id: 7, question })).toBe(true);
  }
});

test("questions of another shape are refused", () => {
  for (const message of [
    null,
    "stop",
    { question: { kind: "stop" } },
    { id: "7", question: { kind: "stop" } },
    { id: 7 },
    { id: 7, question: { kind: "sing" } },
    { id: 7, question: { kind: "sing", values: {}, listen: null } },
    { id: 7, question: { kind: "prepare", values: { a: {} }, listen: null } },
    { id: 7, question: { kind: "prepare", values: {} } },
    { id: 7, question: { ...START, thread: "1" } },
    { id: 7, question: { ...START, counted: undefined } },
    { id: 7, question: { ...START, memory: { ...START.memory, places: new ArrayBuffer(8) } } },
    { id: 7, question: { ...START, memory: null } },
  ]) {
    expect(() => parseToThread(message)).toThrow(TypeError);
  }
});

test("messages of threads survive the way, and those of another shape are refused", () => {
  for (const message of [
    { kind: "answer", id: 1, answer: null },
    { kind: "answer", id: 1, answer: 3 },
    { kind: "failure", id: 1, error: "no" },
    { kind: "finished", status: 1 },
    { kind: "log", level: "error", message: "m", fields: { code: 500, a: "b" } },
  ] as const) {
    expect(parseFromThread(structuredClone(message))).toEqual(message);
  }
  for (const message of [
    undefined,
    { kind: "answer", id: 1 },
    { kind: "answer", answer: 1 },
    { kind: "failure", id: 1, error: 5 },
    { kind: "finished" },
    { kind: "log", level: "loud", message: "m", fields: {} },
    { kind: "log", level: "error", message: "m", fields: { key: new Uint8Array(1) } },
    { kind: "log", level: "error", message: "m" },
  ]) {
    expect(() => parseFromThread(message)).toThrow(TypeError);
  }
});

test("threads are started again later each time, and at once after a quiet minute", () => {
  const pace = new RestartPace();
  const waits = Array.from({ length: 12 }, (_, index) => pace.next(1_000 + index));
  expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(waits.at(-1)).toBe(30_000);
  expect(pace.next(62_000)).toBe(100);
});
