/** The pool with real threads that behave as they are told. */

import { afterEach, expect, test } from "bun:test";
import type { LogFields } from "../log/mod.ts";
import type { PlainValues } from "./messages.ts";
import { WorkerPool } from "./mod.ts";

const WORKER = new URL("../../test/harness/wild_worker.ts", import.meta.url).href;
const PLACES = new SharedArrayBuffer(8);

const pools: WorkerPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
});

interface Line {
  readonly message: string;
  readonly fields: LogFields;
}

interface Rig {
  readonly pool: WorkerPool;
  readonly lines: Line[];
  /** Threads that were gone, in their order. */
  readonly gone: number[];
  readonly threads: Worker[];
}

function open(workers: number, values: PlainValues): Rig {
  const lines: Line[] = [];
  const gone: number[] = [];
  const threads: Worker[] = [];
  const write = (message: string, fields: LogFields = {}) => lines.push({ message, fields });
  const pool = new WorkerPool({
    command: "wild",
    workers,
    startThread: () => {
      const thread = new Worker(WORKER);
      threads.push(thread);
      return thread;
    },
    memory: { places: PLACES, lookahead: new SharedArrayBuffer(0) },
    counted: true,
    log: { debug: write, info: write, warning: write, error: write },
    finished: () => {},
    gone: (thread) => gone.push(thread),
    countConnections: () => [],
  });
  pools.push(pool);
  pool.start({ values, listen: null });
  return { pool, lines, gone, threads };
}

async function until(condition: () => boolean): Promise<void> {
  const end = Date.now() + 20_000;
  while (!condition()) {
    expect(Date.now()).toBeLessThan(end);
    await Bun.sleep(5);
  }
}

function said({ lines }: Rig): string[] {
  return lines.map(({ message }) => message).toSorted();
}

test("a pool has all threads prepare, and then all of them use it", async () => {
  const rig = open(3, { name: "old" });
  await until(() => rig.pool.complete);
  expect(rig.pool.running).toBe(3);
  expect(said(rig)).toEqual(["1 starts with old", "2 starts with old"]);
  const prepared = await rig.pool.prepare({ values: { name: "new" }, listen: null });
  expect(rig.lines).toHaveLength(2);
  await prepared.commit();
  expect(said(rig).slice(0, 1)).toEqual(["1 has new"]);
  expect(said(rig)).toContain("2 has new");
});

test("a pool has no thread use what one of them refuses", async () => {
  const rig = open(3, { name: "old" });
  await until(() => rig.pool.complete);
  const values = { name: "new", refused_by: 2 };
  await expect(rig.pool.prepare({ values, listen: null })).rejects.toThrow("thread 2 refuses");
  expect(said(rig)).toContain("1 keeps old");
  expect(said(rig).join()).not.toContain("new");
});

test("a pool adds up what drains in its threads", async () => {
  const { pool, lines } = open(4, { name: "x" });
  await until(() => pool.complete);
  await pool.close();
  expect(lines.filter(({ message }) => message.endsWith("closes"))).toHaveLength(3);
  expect(await pool.drain(1_000)).toBe(1 + 2 + 3);
});

test("a pool tells of a thread that ends while the others drain, and replaces it no more", async () => {
  const rig = open(2, { name: "x" });
  await until(() => rig.pool.complete);
  await rig.pool.close();
  rig.threads[0]?.terminate();
  expect(await rig.pool.drain(5_000)).toBe(1);
  expect(said(rig)).toContain("A worker ended before its time at a stop");
  await Bun.sleep(300);
  expect(rig.threads).toHaveLength(1);
});

test("a pool replaces a thread that ended, which begins with the settings in force", async () => {
  const rig = open(3, { name: "old" });
  await until(() => rig.pool.complete);
  await (await rig.pool.prepare({ values: { name: "new" }, listen: null })).commit();
  rig.threads[0]?.terminate();
  await until(() => rig.gone.length === 1);
  expect(rig.gone).toEqual([1]);
  expect(rig.pool.complete).toBe(false);
  await until(() => rig.pool.complete);
  expect(rig.pool.restarts).toBe(1);
  expect(said(rig)).toContain("1 starts with new");
  const line = rig.lines.find(({ message }) => message.startsWith("A worker ended"));
  expect(line?.fields).toMatchObject({ code: 500, worker: 1 });
});

test("a pool replaces a thread that a defect ended, and says which", async () => {
  const rig = open(2, { name: "throws" });
  await until(() => rig.pool.complete);
  await rig.pool.resetKeys();
  await until(() => rig.pool.restarts === 1 && rig.pool.complete);
  const line = rig.lines.find(({ message }) => message.startsWith("A worker ended"));
  expect(line?.fields["error"]).toContain("a defect");
});

for (const [how, reason] of [
  ["refuse", "this thread cannot start"],
  ["exit", "it ended by itself"],
] as const) {
  test(`a pool tries less and less often with a thread that cannot start: ${how}`, async () => {
    const rig = open(2, { at_start: how });
    await Bun.sleep(1_000);
    const tries = rig.threads.length;
    expect(tries).toBeGreaterThan(1);
    // 0, 100, 300 and 700 ms after the start, and what they take themselves.
    expect(tries).toBeLessThanOrEqual(4);
    expect(rig.pool.running).toBe(1);
    const line = rig.lines.find(({ message }) => message.startsWith("A worker ended"));
    expect(line?.fields["error"]).toBe(reason);
    await rig.pool.stop();
    await Bun.sleep(1_000);
    expect(rig.threads.length).toBe(tries);
  });
}

test("a pool shows the last numbers of a thread that is gone, and goes on without one that is silent", async () => {
  const rig = open(3, { name: "x" });
  await until(() => rig.pool.complete);
  const sum = async () =>
    (await rig.pool.readMetrics()).reduce(
      (total, { latencies }) => total + (latencies["a"]?.counts[0] ?? 0),
      0,
    );
  expect(await sum()).toBe(1 + 2);
  rig.threads[1]?.terminate();
  await until(() => rig.pool.complete && rig.pool.restarts === 1);
  expect(await sum()).toBe(1 + 2 + 2);
  await (await rig.pool.prepare({ values: { name: "silent" }, listen: null })).commit();
  expect(await sum()).toBe(1 + 2 + 2);
  expect(rig.pool.missedScrapes).toBe(2);
});
