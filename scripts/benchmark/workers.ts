/**
 * What a second worker is worth: 4 clients that read AcraStructs, one worker against two.
 *
 * Load and database must not be the limit. That is made sure by what is read (whole tables of small
 * AcraStructs: many times more work for acra than for the others) and shown by two figures of the same
 * rounds: what the same load gets directly from the database, and the CPU that load and database take
 * while two workers run. What the machine itself gives is shown too: ECDH alone in one process against
 * two. No program can gain more from the second core than that.
 */

import { join } from "node:path";
import { startAcraServer } from "../../test/harness/acra.ts";
import { runProcess } from "../../test/harness/process.ts";
import { readCpuMicroseconds } from "./cpu.ts";
import { FIGURES, type Figure, type ProbePlan } from "./figures.ts";
import { LoadClient } from "./load.ts";
import { encodeQuery } from "./session.ts";
import { spreadOf } from "./spread.ts";
import { TABLES } from "./tables.ts";
import { knowsWorkers, type Rig, rawFlags, type Target } from "./targets.ts";

const CLIENTS = 4;
/** Which worker gets a connection is left to chance: more rounds than elsewhere, each with new ones. */
const ROUNDS = { full: 9, quick: 2 };
const WARM_UP_SECONDS = 0.5;
const QUERIES = [encodeQuery(`SELECT id, data FROM ${TABLES.sealed.name}`)];

interface Round {
  readonly direct: number;
  readonly one: number;
  readonly two: number;
  /** Share of a core. */
  readonly loadShare: number;
  readonly databaseShare: number;
  readonly machine: number;
}

/** Compares one worker with two. */
export async function measureWorkers(
  rig: Rig,
  _: readonly Target[],
  plan: ProbePlan,
): Promise<Figure[] | string> {
  if (!knowsWorkers()) {
    return "acra server has no flag --workers";
  }
  const { database, keys } = rig;
  const [one, two] = [1, 2].map((count) =>
    startAcraServer(database, { keys, flags: [...rawFlags(keys), `--workers=${count}`] }),
  );
  const ports = { one: (await one)?.port ?? 0, two: (await two)?.port ?? 0 };
  const rounds: Round[] = [];
  for (let round = 0; round < (plan.quick ? ROUNDS.quick : ROUNDS.full); round++) {
    rounds.push(await measureRound(rig, ports, plan.seconds));
  }
  await (await one)?.stop();
  await (await two)?.stop();
  return toFigures(rounds);
}

async function measureRound(
  rig: Rig,
  ports: { readonly one: number; readonly two: number },
  seconds: number,
): Promise<Round> {
  const direct = await rowsPerSecond(rig, rig.database.port, seconds);
  const one = await rowsPerSecond(rig, ports.one, seconds);
  const two = await rowsPerSecond(rig, ports.two, seconds);
  const [alone = 0] = await runEcdh(1, seconds);
  const both = await runEcdh(2, seconds);
  return {
    direct: direct.rows,
    one: one.rows,
    two: two.rows,
    loadShare: two.loadShare,
    databaseShare: two.databaseShare,
    machine: both.reduce((sum, rate) => sum + rate, 0) / alone,
  };
}

async function rowsPerSecond({ database }: Rig, port: number, seconds: number) {
  const client = await LoadClient.connect({ port, tls: false }, CLIENTS);
  try {
    await client.run(QUERIES, WARM_UP_SECONDS);
    const own = process.cpuUsage();
    const before = readCpuMicroseconds([database.process.pid]);
    const result = await client.run(QUERIES, seconds);
    const spent = process.cpuUsage(own);
    const databaseSpent = readCpuMicroseconds([database.process.pid]) - before;
    return {
      rows: result.rows / result.seconds,
      loadShare: (spent.user + spent.system) / 1e6 / result.seconds,
      databaseShare: databaseSpent / 1e6 / result.seconds,
    };
  } finally {
    client.close();
  }
}

/** Agreements per second of that many processes side by side. */
async function runEcdh(processes: number, seconds: number): Promise<number[]> {
  const program = join(import.meta.dir, "ecdh_loop.ts");
  const command = [process.execPath, program, String(seconds)];
  const finished = await Promise.all(Array.from({ length: processes }, () => runProcess(command)));
  return finished.map(({ stdout }) => Number(stdout));
}

function toFigures(rounds: readonly Round[]): Figure[] {
  const figure = (
    name: string,
    subject: string,
    unit: string,
    digits: number,
    pick: (round: Round) => number,
  ): Figure[] => {
    const value = spreadOf(rounds.map(pick));
    return value === null ? [] : [{ name, subject, unit, digits, value }];
  };
  const rows = `AcraStructs, ${CLIENTS} clients`;
  const beside = "while two workers run";
  return [
    ...figure(FIGURES.scaling, "acra", "×", 2, (round) => round.two / round.one),
    ...figure("ECDH alone, two processes / one", "machine", "×", 2, (round) => round.machine),
    ...figure(rows, "one worker", "rows/s", 0, (round) => round.one),
    ...figure(rows, "two workers", "rows/s", 0, (round) => round.two),
    ...figure(rows, "direct, nothing opened", "rows/s", 0, (round) => round.direct),
    ...figure("CPU of the load", beside, "% of a core", 0, (round) => round.loadShare * 100),
    ...figure(
      "CPU of the database",
      beside,
      "% of a core",
      0,
      (round) => round.databaseShare * 100,
    ),
  ];
}
