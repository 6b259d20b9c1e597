/** Whether memory grows with the rows that pass: tens of millions of them in one answer. */

import { startAcraConnector, startAcraServer } from "../../test/harness/acra.ts";
import { readUsage } from "../../test/harness/process_usage.ts";
import { type Point, slopeOf } from "../../test/soak/slope.ts";
import { FIGURES, type Figure, type ProbePlan } from "./figures.ts";
import { encodeQuery, Session } from "./session.ts";
import { spreadOf } from "./spread.ts";
import { oneWorker, type Rig, type Target } from "./targets.ts";

const ROWS = { full: 40_000_000, quick: 6_000_000 };
const SAMPLE_MS = 100;
/** The heap takes some ten million rows to find its size; from then on it swings by a few MB. */
const SETTLING_SHARE = 0.5;
const KILOBYTE = 1e3;
const MILLION = 1e6;

/** Plain rows through connector and server; the slope is that of the later rows. */
export async function measureSlope(
  { database, keys }: Rig,
  _: readonly Target[],
  plan: ProbePlan,
): Promise<Figure[]> {
  const rows = plan.quick ? ROWS.quick : ROWS.full;
  const server = await startAcraServer(database, { keys, flags: oneWorker() });
  const connector = await startAcraConnector(server, { keys });
  const session = await Session.open({ port: connector.port, tls: false });
  const parts = [
    { subject: "acra server", pid: server.process.pid },
    { subject: "acra connector", pid: connector.process.pid },
  ].map((part) => ({ ...part, points: [] as Point[] }));
  const sample = () => {
    for (const { pid, points } of parts) {
      points.push({ x: session.rows / MILLION, y: readUsage(pid).resident / KILOBYTE });
    }
  };
  const timer = setInterval(sample, SAMPLE_MS);
  await session.ask(encodeQuery(`SELECT n, repeat('v', 64) FROM generate_series(1, ${rows}) n`));
  clearInterval(timer);
  sample();
  if (session.rows !== rows) {
    throw new Error(`${session.rows} of ${rows} rows arrived`);
  }
  session.close();
  await connector.stop();
  await server.stop();
  return parts.map(({ subject, points }) => {
    const slope = slopeOf(points.slice(Math.floor(points.length * SETTLING_SHARE)));
    const value = spreadOf([slope]) ?? { median: slope, min: slope, max: slope };
    const unit = `KB per million rows (${rows / MILLION} million)`;
    return { name: FIGURES.memorySlope, subject, unit, digits: 1, value };
  });
}
