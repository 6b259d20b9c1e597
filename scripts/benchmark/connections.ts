/** What a new connection costs: connect, log in, close, one after the other. */

import { readCpuMicroseconds } from "./cpu.ts";
import { FIGURES, type Figure, type ProbePlan } from "./figures.ts";
import { Session } from "./session.ts";
import { spreadOf } from "./spread.ts";
import { mayDie, type Rig, type Target } from "./targets.ts";

const WARM_UP_SECONDS = 0.5;
/** Both sides tidy up after the last close. */
const SETTLE_MS = 100;

/** CPU ms per connection, of all processes of the way. */
export async function measureConnections(
  _: Rig,
  targets: readonly Target[],
  plan: ProbePlan,
): Promise<Figure[]> {
  const proxies = targets.filter(({ name }) => name !== "direct" && !name.endsWith("zones"));
  const values = new Map(proxies.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round <= plan.rounds; round++) {
    for (const target of proxies) {
      try {
        const cpu = await cpuPerConnection(target, round === 0 ? WARM_UP_SECONDS : plan.seconds);
        if (round > 0) {
          values.get(target.name)?.push(cpu);
        }
      } catch (error) {
        if (!mayDie(target.name)) {
          throw error;
        }
      }
    }
  }
  return [...values].flatMap(([subject, all]) => {
    const value = spreadOf(all);
    return value === null
      ? []
      : [{ name: FIGURES.connection, subject, unit: "ms", digits: 2, value }];
  });
}

async function cpuPerConnection(target: Target, seconds: number): Promise<number> {
  const pids = target.processes.map(({ pid }) => pid);
  const before = readCpuMicroseconds(pids);
  const end = performance.now() + seconds * 1000;
  let connections = 0;
  while (performance.now() < end) {
    const session = await Session.open(target);
    session.close();
    await session.closed;
    connections++;
  }
  await Bun.sleep(SETTLE_MS);
  return (readCpuMicroseconds(pids) - before) / connections / 1000;
}
