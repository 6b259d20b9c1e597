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
import { type AcraProcess, startAcraServer } from "../../test/harness/acra.ts";
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
  readonly acraShare: number;
  /** CPU per row of two workers as a multiple of that of one: what sharing costs. */
  readonly costOfSharing: number;
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
  const start = (count: number) =>
    startAcraServer(database, { keys, flags: [...rawFlags(keys), `--workers=${count}`] });
  const servers = { one: await start(1), two: await start(2) };
  const rounds: Round[] = [];
  for (let round = 0; round < (plan.quick ? ROUNDS.quick : ROUNDS.full); round++) {
    rounds.push(await measureRound(rig, servers, plan.seconds));
  }
  await servers.one.stop();
  await servers.two.stop();
  return toFigures(rounds);
}

async function measureRound(
  rig: Rig,
  servers: { readonly one: AcraProcess; readonly two: AcraProcess },
  seconds: number,
): Promise<Round> {
  const direct = await readRows(rig, rig.database, seconds);
  const one = await readRows(rig, servers.one, seconds);
  const two = await readRows(rig, servers.two, seconds);
  const [alone = 0] = await runEcdh(1, seconds);
  const both = await runEcdh(2, seconds);
  return {
    direct: direct.rows,
    one: one.rows,
    two: two.rows,
    loadShare: two.loadShare,
    databaseShare: two.databaseShare,
    acraShare: two.wayShare,
    costOfSharing: two.wayShare / two.rows / (one.wayShare / one.rows),
    machine: both.reduce((sum, rate) => sum + rate, 0) / alone,
  };
}

/** A way to the rows: a server, or the database itself. */
interface Way {
  readonly port: number;
  readonly process: { readonly pid: number };
}

/** Rows per second through a way, and the shares of a core that load, database and way take. */
async function readRows({ database }: Rig, way: Way, seconds: number) {
  const client = await LoadClient.connect({ port: way.port, tls: false }, CLIENTS);
  const read = () => ({
    load: process.cpuUsage(),
    database: readCpuMicroseconds([database.process.pid]),
    way: readCpuMicroseconds([way.process.pid]),
  });
  try {
    await client.run(QUERIES, WARM_UP_SECONDS);
    const before = read();
    const result = await client.run(QUERIES, seconds);
    const after = read();
    const share = (microseconds: number) => microseconds / 1e6 / result.seconds;
    const load = (usage: NodeJS.CpuUsage) => usage.user + usage.system;
    return {
      rows: result.rows / result.seconds,
      loadShare: share(load(after.load) - load(before.load)),
      databaseShare: share(after.database - before.database),
      wayShare: share(after.way - before.way),
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
    ...figure(
      "CPU per AcraStruct, two workers / one",
      "acra",
      "×",
      2,
      (round) => round.costOfSharing,
    ),
    ...figure("CPU of acra", beside, "% of a core", 0, (round) => round.acraShare * 100),
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
