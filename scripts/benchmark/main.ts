/**
 * What does a query cost through acra? Throughput and CPU time of what stands between client and
 * database, for the database itself, pgbouncer and acra in one run. `scripts/bench` starts it.
 */

import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeKeys } from "../../test/harness/acra.ts";
import { startPostgres } from "../../test/harness/postgres.ts";
import { runProcess } from "../../test/harness/process.ts";
import { reapNow } from "../../test/harness/reaper.ts";
import { readCpuMicroseconds } from "./cpu.ts";
import { type EcdhCost, measureEcdh } from "./ecdh.ts";
import { LoadClient } from "./load.ts";
import { formatTable, type Sample, summarise, summariseEcdh } from "./report.ts";
import { startTarget, TARGET_NAMES, type Target, type TargetName } from "./targets.ts";
import { checkAnswers, fillTables, WORKLOADS, type Workload } from "./workloads.ts";

const ROOT = resolve(import.meta.dir, "../..");
const USAGE = `scripts/bench [options]
  --seconds N      length of one measurement (1)
  --rounds N       rounds over all targets and workloads, whose medians count (3)
  --connections N  connections of the client (8)
  --targets LIST   comma-separated, of ${TARGET_NAMES.join(" ")} (all)
  --workloads TEXT only workloads whose name contains it
  --json FILE      also writes the figures there`;
const WARM_UP_SECONDS = 0.2;
/** Before the first round: long enough for the code to be compiled. */
const FIRST_WARM_UP_SECONDS = 0.6;

interface Plan {
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  readonly targets: readonly TargetName[];
  readonly workloads: readonly Workload[];
  readonly json: string | undefined;
}

async function startTargets(names: readonly TargetName[]): Promise<Target[]> {
  const database = await startPostgres({ login: "trust", settings: { shared_buffers: "128MB" } });
  const keys = await makeKeys("bench_client");
  await fillTables(database, keys.storagePublicKey);
  const targets: Target[] = [];
  for (const name of names) {
    const target = await startTarget(name, database, keys);
    if (typeof target === "string") {
      console.log(`skip: ${name}: ${target}`);
    } else {
      await checkAnswers(target);
      targets.push(target);
    }
  }
  return targets;
}

async function measure(target: Target, workload: Workload, plan: Plan): Promise<Sample> {
  const client = await LoadClient.connect(target.port, plan.connections);
  try {
    await client.run(workload.queries, WARM_UP_SECONDS);
    const before = readCpuMicroseconds(target.pids);
    const result = await client.run(workload.queries, plan.seconds);
    const cpu = readCpuMicroseconds(target.pids) - before;
    if (result.rows !== result.transactions * workload.rowsPerTransaction) {
      throw new Error(`${target.name}, ${workload.name}: ${result.rows} rows arrived`);
    }
    return {
      target: target.name,
      workload: workload.name,
      transactionsPerSecond: result.transactions / result.seconds,
      cpuPerTransaction: cpu / result.transactions,
    };
  } finally {
    client.close();
  }
}

async function run(plan: Plan): Promise<void> {
  const binary = join(ROOT, "dist", "acra");
  const build = await runProcess([process.execPath, join(ROOT, "scripts", "build.ts")]);
  if (build.status !== 0) {
    throw new Error(`the build failed:\n${build.stderr}`);
  }
  process.env["ACRA_BINARY"] = binary;
  const targets = await startTargets(plan.targets);
  for (const target of targets) {
    for (const workload of plan.workloads) {
      await measure(target, workload, { ...plan, seconds: FIRST_WARM_UP_SECONDS });
    }
  }
  measureEcdh();
  const samples: Sample[] = [];
  const ecdhRounds: EcdhCost[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    for (const workload of plan.workloads) {
      for (const target of targets) {
        ecdhRounds.push(measureEcdh());
        samples.push(await measure(target, workload, plan));
      }
    }
  }
  const measured = targets.map((target) => target.name);
  const ecdh = summariseEcdh(ecdhRounds);
  const lines = summarise(samples, plan.workloads, measured, ecdh);
  console.log(formatTable(lines));
  console.log(
    `one ECDH: ${ecdh.diffieHellman.toFixed(1)} CPU µs (diffieHellman with prepared KeyObjects), ` +
      `${ecdh.computeSecret.toFixed(1)} (computeSecret with a compressed point)`,
  );
  if (plan.json !== undefined) {
    mkdirSync(dirname(resolve(plan.json)), { recursive: true });
    await Bun.write(plan.json, `${JSON.stringify({ ecdh, lines, samples }, null, 2)}\n`);
  }
}

function readPlan(): Plan | null {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "1" },
      rounds: { type: "string", default: "3" },
      connections: { type: "string", default: "8" },
      targets: { type: "string", default: TARGET_NAMES.join(",") },
      workloads: { type: "string", default: "" },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    return null;
  }
  const wanted = values.targets.split(",");
  return {
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    connections: Number(values.connections),
    targets: TARGET_NAMES.filter((name) => wanted.includes(name)),
    workloads: WORKLOADS.filter((workload) => workload.name.includes(values.workloads)),
    json: values.json,
  };
}

const plan = readPlan();
if (plan === null) {
  console.log(USAGE);
} else {
  try {
    await run(plan);
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  } finally {
    await reapNow();
  }
}
