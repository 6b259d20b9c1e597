/** How long others wait while one session reads a million AcraStructs. */

import { startAcraServer } from "../../test/harness/acra.ts";
import { FIGURES, type Figure, type ProbePlan } from "./figures.ts";
import { type Address, encodeQuery, Session } from "./session.ts";
import { quantile, spreadOf } from "./spread.ts";
import { TABLES } from "./tables.ts";
import { oneWorker, type Rig, rawFlags, type Target } from "./targets.ts";

const SCANNED = 1_000_000;
const SECONDS = { full: 6, quick: 2 };
/** The scan is under way before anybody is timed. */
const LEAD_MS = 500;

const SCAN = encodeQuery(
  `SELECT id, data FROM ${TABLES.sealed.name}, generate_series(1, ${SCANNED / TABLES.sealed.rows})`,
);
const POINTS = Array.from({ length: 100 }, (_, index) =>
  encodeQuery(`SELECT id, data FROM ${TABLES.sealed.name} WHERE id = ${index + 1}`),
);

/** One worker: the scan and the queries have to share it, whatever the number of cores. */
export async function measureFairness(
  { database, keys }: Rig,
  _: readonly Target[],
  plan: ProbePlan,
): Promise<Figure[]> {
  const flags = [...rawFlags(keys), ...oneWorker()];
  const server = await startAcraServer(database, { keys, flags });
  const address = { port: server.port, tls: false };
  const seconds = plan.quick ? SECONDS.quick : SECONDS.full;
  const alone = await timePoints(address, seconds / 2);
  const scan = await Session.open(address);
  const failures: Error[] = [];
  scan.onFailure = (error) => failures.push(error);
  scan.send(SCAN);
  await Bun.sleep(LEAD_MS);
  const before = scan.rows;
  const beside = await timePoints(address, seconds);
  const scanned = scan.rows - before;
  scan.close();
  await server.stop();
  if (failures.length > 0 || scanned === 0) {
    throw failures[0] ?? new Error("the scan stood still beside the point queries");
  }
  return [
    ...toFigures("acra, alone", alone),
    ...toFigures("acra, beside the scan", beside),
    {
      name: "rows/s of the scan meanwhile",
      subject: "acra, beside the scan",
      unit: "rows/s",
      digits: 0,
      value: single(scanned / seconds),
    },
  ];
}

/** Sorted times of queries that were asked one after the other, in ms. */
async function timePoints(address: Address, seconds: number): Promise<number[]> {
  const session = await Session.open(address);
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let count = 0; performance.now() < end; count++) {
    const asked = performance.now();
    await session.ask(POINTS[count % POINTS.length] ?? new Uint8Array());
    times.push(performance.now() - asked);
  }
  session.close();
  return times.sort((a, b) => a - b);
}

function toFigures(subject: string, times: readonly number[]): Figure[] {
  const shares = [
    { name: FIGURES.fairness50, share: 0.5 },
    { name: FIGURES.fairness99, share: 0.99 },
    { name: FIGURES.fairnessMax, share: 1 },
  ];
  return shares.map(({ name, share }) => ({
    name,
    subject,
    unit: "ms",
    digits: 2,
    value: single(quantile(times, share)),
  }));
}

function single(value: number) {
  return spreadOf([value]) ?? { median: value, min: value, max: value };
}
