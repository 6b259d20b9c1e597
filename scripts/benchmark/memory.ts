/** Resident memory of fresh processes: idle, and what each of many idle sessions adds. */

import { startAcraConnector, startAcraServer } from "../../test/harness/acra.ts";
import { readUsage } from "../../test/harness/process_usage.ts";
import { listTree } from "./cpu.ts";
import { FIGURES, type Figure } from "./figures.ts";
import { type Address, Session } from "./session.ts";
import { spreadOf } from "./spread.ts";
import { knowsWorkers, oneWorker, type Rig, startRelay } from "./targets.ts";

/** Fewer would share what a process takes once, and look dearer than they are. */
const SESSIONS = 1000;
/** Sessions that come and go first: what they leave behind is no part of a session. */
const WARM_UP_SESSIONS = 50;
const SETTLE_MS = 1500;
const MEGABYTE = 1e6;
const KILOBYTE = 1e3;

interface Part {
  readonly name: string;
  readonly pid: number;
}

/** Processes that were started for this alone. */
interface Fresh {
  readonly address: Address;
  readonly parts: readonly Part[];
  stop(): Promise<unknown>;
}

/** Memory of server and connector, the sessions being Secure Sessions, and of the bare relay. */
export async function measureMemory(rig: Rig): Promise<Figure[]> {
  const figures = [
    ...(await measureFresh(await startFresh(rig))),
    ...(await measureFresh(await startFreshRelay(rig))),
  ];
  if (knowsWorkers()) {
    const server = await startAcraServer(rig.database, { keys: rig.keys });
    await Bun.sleep(SETTLE_MS);
    figures.push(idleFigure("acra server, workers as is usual", readResident(server.process.pid)));
    await server.stop();
  }
  return figures;
}

async function startFresh({ database, keys }: Rig): Promise<Fresh> {
  const server = await startAcraServer(database, { keys, flags: oneWorker() });
  const connector = await startAcraConnector(server, { keys });
  return {
    address: { port: connector.port, tls: false },
    parts: [
      { name: "acra server", pid: server.process.pid },
      { name: "acra connector", pid: connector.process.pid },
    ],
    stop: async () => [await connector.stop(), await server.stop()],
  };
}

async function startFreshRelay({ database }: Rig): Promise<Fresh> {
  const relay = await startRelay(database);
  return {
    address: relay,
    parts: relay.processes.map(({ pid }) => ({ name: "relay", pid })),
    stop: () => Promise.all(relay.processes.map((process) => process.stop("SIGKILL"))),
  };
}

async function measureFresh(fresh: Fresh): Promise<Figure[]> {
  const { address, parts } = fresh;
  const read = () => parts.map(({ pid }) => readResident(pid));
  await Bun.sleep(SETTLE_MS);
  const idle = read();
  await closeAll(await openMany(address, WARM_UP_SESSIONS));
  await Bun.sleep(SETTLE_MS);
  const before = read();
  const sessions = await openMany(address, SESSIONS);
  await Bun.sleep(SETTLE_MS);
  const after = read();
  await closeAll(sessions);
  await fresh.stop();
  return parts.flatMap(({ name }, index) => [
    idleFigure(name, idle[index] ?? Number.NaN),
    {
      name: FIGURES.sessionMemory,
      subject: name,
      unit: `KB (${SESSIONS} sessions)`,
      digits: 1,
      value: one(
        ((after[index] ?? Number.NaN) - (before[index] ?? Number.NaN)) / SESSIONS / KILOBYTE,
      ),
    },
  ]);
}

function idleFigure(subject: string, bytes: number): Figure {
  return { name: FIGURES.idleMemory, subject, unit: "MB", digits: 1, value: one(bytes / MEGABYTE) };
}

function one(value: number) {
  return spreadOf([value]) ?? { median: value, min: value, max: value };
}

function readResident(pid: number): number {
  return listTree([pid]).reduce((sum, each) => sum + readUsage(each).resident, 0);
}

async function openMany(address: Address, count: number): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let index = 0; index < count; index++) {
    sessions.push(await Session.open(address));
  }
  return sessions;
}

async function closeAll(sessions: readonly Session[]): Promise<void> {
  for (const session of sessions) {
    session.close();
  }
  await Promise.all(sessions.map((session) => session.closed));
}
