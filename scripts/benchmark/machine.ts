/** What the figures were made on and with. Names of machines and paths are nobody's business. */

import { readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { acraCommand } from "../../test/harness/acra.ts";
import type { PostgresServer } from "../../test/harness/postgres.ts";
import { hasFineClock } from "./cpu.ts";

const ROOT = join(import.meta.dir, "../..");
const GIB = 1024 ** 3;

/** Describes machine and programs, one fact each. */
export async function describeMachine(database: PostgresServer): Promise<Record<string, string>> {
  const { version } = postgresVersion(await askVersion(database));
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} cores${threadsPerCore()}`,
    memory: `${(totalmem() / GIB).toFixed(0)} GiB`,
    "load of the machine before": (loadavg()[0] ?? 0).toFixed(1),
    kernel: `Linux ${release().replace(/^(\d+\.\d+\.\d+).*$/, "$1")}`,
    "CPU time": hasFineClock ? "nanoseconds of each process's clock" : "ticks of 10 ms",
    acra: `${firstLine([...acraCommand(), "version"])}${hasChanges() ? ", with changes" : ""}`,
    bun: Bun.version,
    PostgreSQL: version,
    pgbouncer: firstLine(["pgbouncer", "--version"]),
    pgbench: firstLine(["pgbench", "--version"]),
  };
}

async function askVersion(database: PostgresServer): Promise<string> {
  const sql = postgres(database.url(), { max: 1 });
  const [row] = await sql<{ version: string }[]>`SELECT version()`;
  await sql.end();
  return row?.version ?? "";
}

function postgresVersion(text: string): { readonly version: string } {
  return { version: /^PostgreSQL (\S+)/.exec(text)?.[1] ?? text };
}

/** Two threads of one core are no two cores: throughput of both is far from twice that of one. */
function threadsPerCore(): string {
  const text = readFileSync("/proc/cpuinfo", "utf8");
  const siblings = Number(/^siblings\s*: (\d+)/m.exec(text)?.[1] ?? 1);
  const cores = Number(/^cpu cores\s*: (\d+)/m.exec(text)?.[1] ?? siblings);
  return siblings > cores ? ` (${siblings / cores} threads each)` : "";
}

function firstLine(command: readonly string[]): string {
  const [program = ""] = command;
  if (Bun.which(program) === null) {
    return "none";
  }
  const answer = Bun.spawnSync([...command], { stdio: ["ignore", "pipe", "ignore"] });
  return answer.stdout.toString().split("\n")[0]?.trim() ?? "";
}

function hasChanges(): boolean {
  const answer = Bun.spawnSync(["git", "status", "--porcelain", "src"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return answer.stdout.toString().trim() !== "";
}
