/** How many threads serve connections, and how they fare. */

import { Counter, Gauge, type Registry } from "./prom_client.ts";

/** The threads that serve connections. */
export interface WorkerCounts {
  /** Those that listen now. */
  readonly running: number;
  /** Those that were started in place of one that had ended. */
  readonly restarts: number;
  /** How often one did not tell its numbers in time. */
  readonly missedScrapes: number;
  /** What each of them serves now, by their numbers. */
  readonly connections: readonly number[];
}

/** Adds the series; their values are asked for at each scrape. */
export function addWorkerMetrics(registry: Registry, service: string, counts: WorkerCounts): void {
  const registers = [registry];
  new Gauge({
    name: `${service}_workers`,
    help: "Threads that serve connections now",
    registers,
    collect() {
      this.set(counts.running);
    },
  });
  new Gauge({
    name: `${service}_worker_connections`,
    help: "Connections to the database that a thread serves now",
    labelNames: ["worker"],
    registers,
    collect() {
      for (const [worker, count] of counts.connections.entries()) {
        this.set({ worker }, count);
      }
    },
  });
  const total = (name: string, help: string, read: () => number): void => {
    new Counter({
      name: `${service}_${name}`,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  total(
    "worker_restarts_total",
    "Threads that were started in place of one that had ended",
    () => counts.restarts,
  );
  total(
    "worker_scrapes_missed_total",
    "Threads that did not tell their numbers in time: their last ones stand in",
    () => counts.missedScrapes,
  );
}
