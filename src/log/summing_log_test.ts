/** The summing log under a clock that the test moves. */

import { expect, test } from "bun:test";
import { createLog } from "./levelled_logger.ts";
import type { LogFields } from "./logger.ts";
import { createSummingLog, type SummingLogger } from "./summing_log.ts";

const INTERVAL = 10_000;

/** Time that stands still until it is told to pass. */
class ManualClock {
  #now = 0;
  #due: { readonly at: number; readonly work: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): void {
    this.#due.push({ at: this.#now + ms, work });
  }

  get waiting(): number {
    return this.#due.length;
  }

  /** Lets time pass, with every call that falls due on the way. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) {
        break;
      }
      this.#due = this.#due.filter((entry) => entry !== next);
      this.#now = Math.max(this.#now, next.at);
      next.work();
    }
    this.#now = end;
  }
}

interface Rig {
  readonly log: SummingLogger;
  readonly clock: ManualClock;
  /** Takes what was written since the last time. */
  lines(): Record<string, unknown>[];
}

function makeRig(level: "debug" | "warning" = "debug"): Rig {
  const clock = new ManualClock();
  const written: string[] = [];
  const target = createLog({
    product: "p",
    version: "1",
    kind: "daemon",
    format: "json",
    colours: false,
    level,
    stream: {
      write: (text, done) => {
        written.push(text);
        done();
      },
      on: () => {},
    },
  });
  return {
    log: createSummingLog(target, clock),
    clock,
    lines: () => written.splice(0).map((line) => JSON.parse(line)),
  };
}

function repeat(times: number, work: (index: number) => void): void {
  for (let index = 0; index < times; index++) {
    work(index);
  }
}

test("the first line of a class is written at once, its like as one count when the interval is over", () => {
  const { log, clock, lines } = makeRig();
  repeat(100, (index) => log.error("down", { code: 540, peer: `10.0.0.1:${index}`, error: "e" }));
  expect(lines()).toMatchObject([{ msg: "down", peer: "10.0.0.1:0" }]);
  clock.pass(INTERVAL - 1);
  expect(lines()).toEqual([]);
  clock.pass(1);
  const [summary, ...others] = lines();
  expect(summary).toMatchObject({ msg: "down", code: 540, peer: "10.0.0.1:99", repeated: 99 });
  expect(summary).toMatchObject({ level: "error", error: "e" });
  expect(others).toEqual([]);
});

test("a class that goes on costs one line an interval, and one that stopped begins anew", () => {
  const { log, clock, lines } = makeRig();
  repeat(30, () => {
    repeat(10, () => log.warning("again"));
    clock.pass(INTERVAL / 10);
  });
  const counts = lines().map(({ repeated }) => repeated);
  expect(counts).toEqual([undefined, 99, 100, 100]);
  clock.pass(INTERVAL);
  expect(lines()).toEqual([]);
  expect(clock.waiting).toBe(0);
  log.warning("again");
  expect(lines()).toHaveLength(1);
  clock.pass(INTERVAL);
  expect(lines()).toEqual([]);
});

test("a count comes out before the line that finds its interval over", () => {
  const late = makeRig();
  const clock = { now: () => late.clock.now(), after: () => {} };
  const lines: string[] = [];
  const note = (message: string, fields?: LogFields) => {
    lines.push(`${message} ${fields?.["repeated"] ?? ""}`);
  };
  const log = createSummingLog(
    { debug: note, info: note, warning: note, error: note, level: "debug", structured: false },
    clock,
  );
  repeat(5, () => log.error("busy"));
  late.clock.pass(2 * INTERVAL);
  log.error("other");
  expect(lines).toEqual(["busy ", "busy 4", "other "]);
});

test("lines differ by level, message, code, client, host of the peer and reason, not by port or text", () => {
  const { log, lines } = makeRig();
  const base = { code: 538, client_id: "a", peer: "[::1]:1", reason: "timeout", error: "x" };
  log.error("m", base);
  log.error("m", { ...base, peer: "[::1]:2", error: "y" });
  expect(lines()).toHaveLength(1);
  log.warning("m", base);
  log.error("n", base);
  log.error("m", { ...base, code: 535 });
  log.error("m", { ...base, client_id: "b" });
  log.error("m", { ...base, peer: "[::2]:1" });
  log.error("m", { ...base, reason: "closed" });
  const { reason: _reason, ...unnamed } = base;
  log.error("m", unnamed);
  log.error("m", { ...unnamed, error: "y" });
  expect(lines()).toHaveLength(8);
});

test("info and debug lines are written as they come, debug lines of cells are summed up", () => {
  const { log, clock, lines } = makeRig();
  repeat(3, () => log.info("i"));
  repeat(3, () => log.debug("d"));
  repeat(3, () => log.debugSummed("c"));
  expect(lines().map(({ msg }) => msg)).toEqual(["i", "i", "i", "d", "d", "d", "c"]);
  clock.pass(INTERVAL);
  expect(lines()).toMatchObject([{ msg: "c", level: "debug", repeated: 2 }]);
  const quiet = makeRig("warning");
  repeat(3, () => quiet.log.debugSummed("c"));
  expect(quiet.clock.waiting).toBe(0);
});

test("a line that another thread summed up stands for as many as it says", () => {
  const { log, clock, lines } = makeRig();
  log.error("one", { code: 535 });
  log.error("one", { code: 535, repeated: 7 });
  log.error("one", { code: 535 });
  log.error("two", { repeated: 3 });
  expect(lines()).toMatchObject([{ msg: "one" }, { msg: "two", repeated: 3 }]);
  clock.pass(INTERVAL);
  expect(lines()).toMatchObject([{ msg: "one", code: 535, repeated: 8 }]);
});

test("closing writes what is held back, and later lines at once", () => {
  const { log, clock, lines } = makeRig();
  repeat(3, () => log.error("one"));
  repeat(2, () => log.warning("two"));
  expect(lines()).toHaveLength(2);
  log.close();
  expect(lines()).toMatchObject([
    { msg: "one", repeated: 2 },
    { msg: "two", repeated: 1 },
  ]);
  repeat(2, () => log.error("one"));
  expect(lines()).toHaveLength(2);
  clock.pass(3 * INTERVAL);
  expect(lines()).toEqual([]);
});

test("classes without end cost bounded memory and lines, and no count is lost", () => {
  const { log, clock, lines } = makeRig();
  const told = (line: Record<string, unknown>) => Number(line["repeated"] ?? 1);
  let sum = 0;
  repeat(50_000, (index) => log.error("m", { code: 538, peer: `host-${index}:1` }));
  const first = lines();
  expect(first).toHaveLength(101);
  sum += first.reduce((total, line) => total + told(line), 0);
  clock.pass(INTERVAL);
  const summary = lines();
  expect(summary).toMatchObject([{ msg: "m", code: 538, repeated: 49_899 }]);
  expect(summary[0]).not.toHaveProperty("peer");
  sum += summary.reduce((total, line) => total + told(line), 0);
  expect(sum).toBe(50_000);

  repeat(5_000, (index) => log.error(`message ${index}`));
  log.close();
  const many = lines();
  expect(many.length).toBeLessThan(210);
  expect(many.reduce((total, line) => total + told(line), 0)).toBe(5_000);
});
