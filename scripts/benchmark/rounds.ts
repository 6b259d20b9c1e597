/** Runs the loads: answers checked first, then round after round over all workloads and targets. */

import { readCpuMicroseconds } from "./cpu.ts";
import { type EcdhCost, measureEcdh } from "./ecdh.ts";
import type { Plan } from "./options.ts";
import { progress } from "./progress.ts";
import type { Sample } from "./report.ts";
import { mayDie, type Rig, startTarget, type Target } from "./targets.ts";
import type { Workload } from "./workloads.ts";

const WARM_UP_SECONDS = 0.15;
/** Before the first round: long enough for the code to be compiled. */
const FIRST_WARM_UP_SECONDS = 0.3;

/** What the rounds gave. */
export interface Rounds {
  readonly samples: readonly Sample[];
  readonly ecdh: readonly EcdhCost[];
  /** Why a pair of target and workload has no samples. */
  readonly failures: readonly string[];
}

/** One workload on one target. */
interface Pair {
  readonly workload: Workload;
  /** Place in the list of targets: a target that died is started again. */
  readonly place: number;
}

/** Measures all workloads on the targets that they are for; `targets` is kept up to date. */
export async function runRounds(rig: Rig, targets: Target[], plan: Plan): Promise<Rounds> {
  const failures: string[] = [];
  const samples: Sample[] = [];
  const ecdh: EcdhCost[] = [];
  let pairs = plan.workloads.flatMap((workload) =>
    targets.flatMap(({ name }, place) =>
      (workload.targets?.includes(name) ?? true) ? [{ workload, place }] : [],
    ),
  );
  const attempt = async (what: string, work: (pair: Pair, target: Target) => Promise<void>) => {
    // There and back: whoever comes late in one round comes early in the next.
    pairs = pairs.toReversed();
    for (const pair of pairs) {
      const target = targets[pair.place];
      try {
        if (target !== undefined) {
          await work(pair, target);
        }
      } catch (error) {
        if (target === undefined || !mayDie(target.name)) {
          throw error;
        }
        const why = error instanceof Error ? error.message : String(error);
        failures.push(`${target.name}, ${pair.workload.name}: ${what}: ${why.split("\n")[0]}`);
        pairs = pairs.filter((one) => one !== pair);
        await revive(rig, targets, pair.place);
      }
    }
  };
  await attempt("answers", ({ workload }, target) => workload.check(target));
  progress(`the answers of ${pairs.length} pairs of workload and target are right`);
  await attempt("warm-up", async ({ workload }, target) => {
    await measure(target, workload, { ...plan, seconds: FIRST_WARM_UP_SECONDS }, 0);
  });
  measureEcdh();
  for (let round = 0; round < plan.rounds; round++) {
    progress(`round ${round + 1} of ${plan.rounds}`);
    await attempt(`round ${round + 1}`, async ({ workload }, target) => {
      const cost = measureEcdh();
      ecdh.push(cost);
      const sample = await measure(target, workload, plan, cost.computeSecret);
      samples.push({ ...sample, round });
    });
  }
  return { samples, ecdh, failures };
}

async function revive(rig: Rig, targets: Target[], place: number): Promise<void> {
  const dead = targets[place];
  if (dead === undefined || dead.processes.every(({ running }) => running)) {
    return;
  }
  for (const process of dead.processes) {
    await process.stop("SIGKILL");
  }
  const target = await startTarget(dead.name, rig);
  if (typeof target !== "string") {
    targets[place] = target;
  }
}

async function measure(
  target: Target,
  workload: Workload,
  plan: Plan,
  ecdh: number,
): Promise<Omit<Sample, "round">> {
  const pids = target.processes.map(({ pid }) => pid);
  const runner = await workload.open(target, plan.connections);
  try {
    await runner.run(WARM_UP_SECONDS);
    const before = readCpuMicroseconds(pids);
    const result = await runner.run(plan.seconds);
    const cpu = readCpuMicroseconds(pids) - before;
    return {
      target: target.name,
      workload: workload.name,
      transactionsPerSecond: result.transactions / result.seconds,
      cpuPerTransaction: cpu / result.transactions,
      ecdh,
    };
  } finally {
    runner.close();
  }
}
