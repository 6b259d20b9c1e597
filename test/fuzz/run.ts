/** One run over all targets: shares the inputs out, watches the memory, prints what came of it. */

import { UsageError } from "../../scripts/run_script.ts";
import { seededRandom } from "../harness/pg_peers.ts";
import { type Finding, TargetRun } from "./engine.ts";
import type { Gauge } from "./gauge.ts";
import type { FuzzOptions } from "./options.ts";
import type { FuzzTarget } from "./target.ts";
import { TARGETS } from "./targets/mod.ts";

export { TARGETS } from "./targets/mod.ts";

/** All targets take turns that often, so that the memory of a long run is seen early. */
const ROUNDS = 50;
/** What the process may grow by after the first rounds, in bytes: corpora, and what a heap keeps. */
const GROWTH_LIMIT = 256 * 1024 * 1024;
const WARM_UP_ROUNDS = 5;
const MIB = 1024 * 1024;

/** Fuzzes; true when nothing was found. */
export function runFuzzer(options: FuzzOptions, gauge: Gauge): boolean {
  const targets = chooseTargets(options.targets);
  const runs = targets.map(
    (target) => new TargetRun(target, gauge, seededRandom(seedOf(options.seed, target.name))),
  );
  console.log(`seed ${options.seed}, ${options.inputs} inputs, ${runs.length} targets`);
  const until = performance.now() + options.seconds * 1000;
  const memory = new MemoryWatch();
  for (let round = 1; round <= ROUNDS && performance.now() < until; round++) {
    for (const run of runs) {
      const share = (options.inputs * run.target.weight) / sumOfWeights(targets);
      run.step(Math.round((share * round) / ROUNDS) - run.inputs, until);
    }
    memory.look(round);
    showProgress(round, runs, memory);
  }
  return report(runs, memory, options, gauge);
}

/** Tries one input; true when it holds. */
export function tryInput(options: FuzzOptions, gauge: Gauge): boolean {
  const [target, ...others] = chooseTargets(options.targets);
  if (target === undefined || others.length > 0 || options.input === null) {
    throw new UsageError("--input needs exactly one --target");
  }
  const failure = new TargetRun(target, gauge, seededRandom(options.seed)).check(options.input);
  console.log(failure ?? "holds");
  return failure === null;
}

function chooseTargets(names: readonly string[]): readonly FuzzTarget[] {
  const unknown = names.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no target ${unknown}; --list names them`);
  }
  return names.length === 0 ? TARGETS : TARGETS.filter(({ name }) => names.includes(name));
}

/** Every target has a stream of choices of its own, whichever others run. */
function seedOf(seed: number, name: string): number {
  return seed ^ Bun.hash.crc32(name);
}

function sumOfWeights(targets: readonly FuzzTarget[]): number {
  return targets.reduce((sum, { weight }) => sum + weight, 0);
}

/** Resident memory after each round, with the garbage collected. */
class MemoryWatch {
  #first = 0;
  #last = 0;
  #peak = 0;

  look(round: number): void {
    Bun.gc(true);
    this.#last = process.memoryUsage.rss();
    this.#peak = Math.max(this.#peak, this.#last);
    if (round <= WARM_UP_ROUNDS) {
      this.#first = this.#last;
    }
  }

  get last(): number {
    return this.#last;
  }

  get isBounded(): boolean {
    return this.#peak - this.#first <= GROWTH_LIMIT;
  }

  describe(): string {
    const [first, last, peak] = [this.#first, this.#last, this.#peak].map((bytes) =>
      Math.round(bytes / MIB),
    );
    return `resident memory: ${first} MiB after the first rounds, ${last} MiB at the end, ${peak} MiB at most`;
  }
}

/** On standard error, and what was found as soon as it was. */
function showProgress(round: number, runs: readonly TargetRun[], memory: MemoryWatch): void {
  const inputs = runs.reduce((sum, run) => sum + run.inputs, 0);
  const findings = runs.reduce((sum, run) => sum + run.findings.length, 0);
  const rss = Math.round(memory.last / MIB);
  console.error(`${round}/${ROUNDS}: ${inputs} inputs, ${findings} findings, ${rss} MiB`);
  for (const run of runs) {
    for (const finding of run.takeNewFindings()) {
      console.error(describeFinding(run, finding));
    }
  }
}

function describeFinding({ target }: TargetRun, { failure, input, count }: Finding): string {
  const repeat = `scripts/fuzz --target=${target.name} --input=${input.toHex()}`;
  return `\n${target.name}: ${failure} (${count} inputs)\n  ${repeat}`;
}

function report(
  runs: readonly TargetRun[],
  memory: MemoryWatch,
  options: FuzzOptions,
  gauge: Gauge,
): boolean {
  console.log("target                  inputs     kept   µs each  crashes");
  let inputs = 0;
  let crashes = 0;
  for (const run of runs) {
    const failed = run.findings.reduce((sum, { count }) => sum + count, 0);
    const each = ((1000 * run.elapsed) / Math.max(1, run.inputs)).toFixed(1);
    const columns = [run.inputs, run.kept, each, failed].map((value) => String(value).padStart(9));
    console.log(run.target.name.padEnd(21) + columns.join(""));
    inputs += run.inputs;
    crashes += failed;
  }
  for (const run of runs) {
    for (const finding of run.findings) {
      console.log(describeFinding(run, finding));
    }
  }
  console.log(`\n${inputs} inputs in total, ${crashes} crashes, seed ${options.seed}`);
  const unreached = findUnreached(runs, gauge);
  const branches = gauge.places.length;
  console.log(
    `${branches - unreached.length} of ${branches} branches of the loaded sources reached`,
  );
  if (options.unreached) {
    console.log([...new Set(unreached)].join("\n"));
  }
  console.log(memory.describe());
  if (!memory.isBounded) {
    console.log("the memory grows without bound");
  }
  return crashes === 0 && memory.isBounded;
}

/** Branches that no input of any target has reached. */
function findUnreached(runs: readonly TargetRun[], gauge: Gauge): readonly string[] {
  return gauge.places.filter((_, site) => runs.every((run) => run.reached[site] === 0));
}
