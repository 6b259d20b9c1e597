/** The `process_*` series that cost nothing until they are asked for; names as in other Prometheus clients. */

import { readdirSync } from "node:fs";
import { readOpenFilesLimit } from "./open_files.ts";
import { Counter, Gauge, type Registry } from "./prom_client.ts";

/** Adds the series of this process. */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: "process_cpu_seconds_total",
    help: "CPU time of this process, in seconds",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory of this process",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "process_start_time_seconds",
    help: "When this process started, in seconds since 1970",
    registers,
  }).set(Math.round(performance.timeOrigin) / 1e3);
  if (process.platform === "linux") {
    new Gauge({
      name: "process_open_fds",
      help: "Open file descriptors of this process",
      registers,
      collect() {
        this.set(readdirSync("/proc/self/fd").length);
      },
    });
    new Gauge({
      name: "process_max_fds",
      help: "Most file descriptors that this process may have open",
      registers,
      collect() {
        this.set(readOpenFilesLimit() ?? Number.POSITIVE_INFINITY);
      },
    });
  }
}
