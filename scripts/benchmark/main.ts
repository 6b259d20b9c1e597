/**
 * What does a query cost through acra? Ratios to a bare relay, to pgbouncer and to the cost of the
 * cryptography itself, all from one run. `scripts/bench` starts it.
 */

import { mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { runProcess } from "../../test/harness/process.ts";
import { reapNow } from "../../test/harness/reaper.ts";
import { runScript } from "../run_script.ts";
import type { EcdhCost } from "./ecdh.ts";
import type { Figure } from "./figures.ts";
import { judge, type Verdict, verdictRows } from "./limits.ts";
import { describeMachine } from "./machine.ts";
import { replaceResults, writeResults } from "./markdown.ts";
import { type Plan, readPlan, USAGE } from "./options.ts";
import { fillPgbench } from "./pgbench.ts";
import { PROBES } from "./probes.ts";
import { provideProgram } from "./programs.ts";
import { progress } from "./progress.ts";
import {
  figureRows,
  formatMarkdown,
  formatTable,
  type Line,
  lineRows,
  summarise,
} from "./report.ts";
import { type Rounds, runRounds } from "./rounds.ts";
import { formatSpread, spreadOf } from "./spread.ts";
import { fillTables, TABLES } from "./tables.ts";
import { makeRig, type Rig, startTarget, type Target } from "./targets.ts";

const ROOT = resolve(import.meta.dir, "../..");

interface Results {
  readonly machine: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, number>>;
  readonly ecdh: readonly string[];
  readonly lines: readonly Line[];
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
  /** What was not measured, and why. */
  readonly notes: readonly string[];
}

async function build(): Promise<void> {
  const built = await runProcess([process.execPath, join(ROOT, "scripts", "build.ts")]);
  if (built.status !== 0) {
    throw new Error(`the build failed:\n${built.stderr}`);
  }
  process.env["ACRA_BINARY"] = join(ROOT, "dist", "acra");
}

/** Fills the tables that are read, and leaves out workloads that cannot be had here. */
async function prepare(rig: Rig, plan: Plan, notes: string[]): Promise<Plan> {
  const used = new Set(plan.workloads.map(({ table }) => table));
  // The probes read this one.
  used.add(TABLES.sealed);
  await fillTables(
    [...used].flatMap((table) => table ?? []),
    rig.database,
    rig.keys,
  );
  if (!used.has(null)) {
    return plan;
  }
  const reason = await provideProgram("pgbench");
  if (reason === null) {
    await fillPgbench(rig.database);
    return plan;
  }
  notes.push(`skip: pgbench: ${reason}`);
  return { ...plan, workloads: plan.workloads.filter(({ table }) => table !== null) };
}

async function startTargets(rig: Rig, plan: Plan, notes: string[]): Promise<Target[]> {
  const targets: Target[] = [];
  for (const name of plan.targets) {
    const target = await startTarget(name, rig);
    if (typeof target === "string") {
      notes.push(`skip: ${name}: ${target}`);
    } else {
      targets.push(target);
    }
  }
  return targets;
}

async function runProbes(
  rig: Rig,
  targets: readonly Target[],
  plan: Plan,
  notes: string[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name, run } of PROBES.filter((probe) => plan.probes.includes(probe.name))) {
    progress(name);
    const found = await run(rig, targets, plan);
    if (typeof found === "string") {
      notes.push(`skip: ${name}: ${found}`);
    } else {
      figures.push(...found);
    }
  }
  return figures;
}

function describeEcdh(rounds: readonly EcdhCost[]): string[] {
  const of = (cost: keyof EcdhCost) =>
    formatSpread(spreadOf(rounds.map((round) => round[cost])), 1);
  return [
    `one ECDH, CPU µs: ${of("computeSecret")} by ECDH.computeSecret (the ratios are to this), ` +
      `${of("compressed")} with a compressed point, ${of("diffieHellman")} by diffieHellman with prepared KeyObjects`,
  ];
}

function collect(
  rounds: Rounds,
  plan: Plan,
  targets: readonly Target[],
  figures: readonly Figure[],
): Pick<Results, "ecdh" | "lines" | "figures" | "verdicts"> {
  const lines = summarise(rounds.samples, plan.workloads, targets);
  const ecdh = spreadOf(rounds.ecdh.map(({ computeSecret }) => computeSecret))?.median ?? null;
  return {
    ecdh: ecdh === null ? [] : describeEcdh(rounds.ecdh),
    lines,
    figures,
    verdicts: judge(lines, figures, ecdh),
  };
}

function render(results: Results, table: typeof formatTable, bullet: string): string {
  const { machine, settings, ecdh, lines, figures, verdicts, notes } = results;
  const list = (items: readonly string[]) => items.map((item) => `${bullet}${item}`).join("\n");
  const facts = Object.entries({ ...machine, ...settings });
  return [
    list(facts.map(([name, fact]) => `${name}: ${fact}`)),
    ...(lines.length > 0 ? [table(lineRows(lines), 2)] : []),
    ...(ecdh.length > 0 ? [list(ecdh)] : []),
    ...(figures.length > 0 ? [table(figureRows(figures), 2)] : []),
    table(verdictRows(verdicts), 2),
    ...(notes.length > 0 ? [list(notes)] : []),
  ].join("\n\n");
}

async function run(plan: Plan): Promise<void> {
  progress("building acra");
  await build();
  progress("starting the database and filling tables");
  const rig = await makeRig(plan.original);
  const notes: string[] = [];
  const possible = await prepare(rig, plan, notes);
  const targets = await startTargets(rig, possible, notes);
  progress("asking every target for the right answers");
  const machine = await describeMachine(rig.database);
  const rounds = await runRounds(rig, targets, possible);
  notes.push(...rounds.failures.map((failure) => `left out: ${failure}`));
  const figures = await runProbes(rig, targets, possible, notes);
  const { seconds, connections } = plan;
  const results: Results = {
    machine,
    settings: { seconds, rounds: plan.rounds, connections },
    ...collect(rounds, possible, targets, figures),
    notes,
  };
  console.log(render(results, formatTable, ""));
  if (plan.markdown !== undefined) {
    writeResults(plan.markdown, render(results, formatMarkdown, "- "));
  }
  if (plan.json !== undefined) {
    mkdirSync(dirname(resolve(plan.json)), { recursive: true });
    const all = { ...results, rounds };
    await Bun.write(plan.json, `${JSON.stringify(all, null, 2)}\n`);
  }
}

/** Says what is wrong with a page before minutes are spent on it. */
async function checkMarkdown(path: string | undefined): Promise<void> {
  if (path !== undefined) {
    replaceResults(await Bun.file(path).text(), "");
  }
}

await runScript(USAGE, async () => {
  const plan = readPlan(process.argv.slice(2));
  await checkMarkdown(plan.markdown);
  try {
    await run(plan);
  } finally {
    await reapNow();
  }
});
