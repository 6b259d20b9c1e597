/**
 * The soak: reconnects, idle sessions and a mixed load against the real programs, with descriptors
 * and memory of server and connector sampled on the way. `scripts/test --soak` starts it.
 *
 *   --reconnects N   sessions that come and go (100000)
 *   --idle N         sessions that stay idle under the mixed load (1000)
 *   --messages N     messages of the mixed load (5000000)
 *
 * PostgreSQL asks for no password here: its SCRAM login would cost more than all that is measured.
 */

import { parseArgs } from "node:util";
import {
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { seededRandom } from "../harness/pg_peers.ts";
import { startPostgres } from "../harness/postgres.ts";
import { readUsage, type Usage } from "../harness/process_usage.ts";
import { reapNow } from "../harness/reaper.ts";
import { countWrites, fillTables, learnExchanges, type MixedExchange } from "./exchanges.ts";
import { LeanSession } from "./lean_session.ts";
import { slopeOf } from "./slope.ts";

const CLIENTS = 8;
const RECONNECTS_PER_SAMPLE = 1_000;
const MESSAGES_PER_SAMPLE = 100_000;
const MIB = 1024 * 1024;
const KIB = 1024;
/** The first part of a run fills caches and lets the code be compiled: no part of the slope. */
const WARM_UP_SHARE = 0.2;
/** Growth, drawn on over the whole run, that still is noise of the collector. */
const GROWTH_LIMIT_BYTES = 32 * MIB;
const SETTLE_MS = 20_000;

/** A process that is watched. */
interface Watched {
  readonly name: string;
  readonly pid: number;
}

interface Sample {
  readonly x: number;
  readonly usages: readonly Usage[];
}

const failures: string[] = [];

function failed(error: unknown): void {
  failures.push(error instanceof Error ? error.message : String(error));
  if (failures.length <= 10) {
    console.log(`failure: ${failures.at(-1)}`);
  }
}

/** Samples taken along a phase, and what they say. */
class Record {
  readonly samples: Sample[] = [];
  readonly #watched: readonly Watched[];

  constructor(watched: readonly Watched[]) {
    this.#watched = watched;
  }

  take(x: number): void {
    this.samples.push({ x, usages: this.#watched.map(({ pid }) => readUsage(pid)) });
  }

  /** Prints the slope for `unit` steps; a growth above the limit is a failure. */
  report(unit: number, unitName: string): void {
    const last = this.samples.at(-1)?.x ?? 0;
    const steady = this.samples.filter(({ x }) => x >= last * WARM_UP_SHARE);
    for (const [index, { name }] of this.#watched.entries()) {
      const line = (pick: (usage: Usage) => number) =>
        steady.map(({ x, usages }) => ({ x, y: pick(usages[index] ?? { fds: 0, resident: 0 }) }));
      const fds = line((usage) => usage.fds);
      const resident = line((usage) => usage.resident);
      const [fdSlope, residentSlope] = [slopeOf(fds), slopeOf(resident)];
      console.log(
        `  ${name}: fds ${rangeOf(fds, 1)}, slope ${(fdSlope * unit).toFixed(4)} per ${unitName}; ` +
          `resident ${rangeOf(resident, MIB)} MiB, ` +
          `slope ${((residentSlope * unit) / KIB).toFixed(2)} KiB per ${unitName}`,
      );
      if (residentSlope * last > GROWTH_LIMIT_BYTES) {
        failed(new Error(`${name} grows`));
      }
    }
  }
}

function rangeOf(points: readonly { readonly y: number }[], unit: number): string {
  const values = points.map(({ y }) => y / unit);
  return `${Math.min(...values).toFixed(0)}–${Math.max(...values).toFixed(0)}`;
}

/** Runs one task for each client, all side by side; what one throws is a failure and ends that one. */
async function runClients(count: number, task: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => task(index).catch(failed)));
}

async function runReconnects(
  total: number,
  ports: readonly number[],
  exchanges: readonly MixedExchange[],
  record: Record,
): Promise<void> {
  const asked = exchanges.filter(({ writes, messages }) => writes === 0 && messages < 20);
  let begun = 0;
  let done = 0;
  record.take(0);
  await runClients(CLIENTS, async (client) => {
    const port = ports[client % ports.length] ?? 0;
    while (begun < total) {
      const number = begun++;
      try {
        const session = await LeanSession.open(port);
        const exchange = asked[number % asked.length];
        if (exchange !== undefined) {
          await session.run(exchange);
        }
        await (number % 10 === 0 ? session.reset() : session.close());
      } catch (error) {
        failed(error);
      }
      done++;
      if (done % RECONNECTS_PER_SAMPLE === 0) {
        record.take(done);
      }
    }
  });
}

/** Sends exchanges in a random order until enough messages went; answers how many rows were written. */
async function runMixedLoad(
  total: number,
  ports: readonly number[],
  exchanges: readonly MixedExchange[],
  record: Record,
): Promise<{ readonly messages: number; readonly writes: number }> {
  const deck = exchanges.flatMap((exchange) => new Array(exchange.weight).fill(exchange));
  let messages = 0;
  let writes = 0;
  let nextSample = MESSAGES_PER_SAMPLE;
  record.take(0);
  await runClients(CLIENTS, async (client) => {
    const random = seededRandom(client + 1);
    const session = await LeanSession.open(ports[client % ports.length] ?? 0);
    while (messages < total) {
      const exchange: MixedExchange = deck[Math.floor(random() * deck.length)];
      await session.run(exchange);
      messages += exchange.messages;
      writes += exchange.writes;
      if (messages >= nextSample) {
        record.take(messages);
        nextSample += MESSAGES_PER_SAMPLE;
      }
    }
    await session.close();
  });
  return { messages, writes };
}

async function openIdle(count: number, ports: readonly number[]): Promise<LeanSession[]> {
  const sessions: LeanSession[] = [];
  await runClients(CLIENTS, async (client) => {
    for (let index = client; index < count; index += CLIENTS) {
      sessions.push(await LeanSession.open(ports[index % ports.length] ?? 0));
    }
  });
  return sessions;
}

/** Waits until the descriptors are back to what they were; a failure when they do not come back. */
async function expectFds(watched: readonly Watched[], before: readonly Usage[]): Promise<void> {
  const end = Date.now() + SETTLE_MS;
  for (const [index, { name, pid }] of watched.entries()) {
    const wanted = before[index]?.fds ?? 0;
    while (readUsage(pid).fds !== wanted && Date.now() < end) {
      await Bun.sleep(50);
    }
    const { fds, resident } = readUsage(pid);
    console.log(`  ${name}: fds ${fds} (before: ${wanted}), resident ${mib(resident)} MiB`);
    if (fds !== wanted) {
      failed(new Error(`${name} holds ${fds} descriptors, before it were ${wanted}`));
    }
  }
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}

async function timed<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  const result = await work();
  console.log(`${title}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  return result;
}

interface Plan {
  readonly reconnects: number;
  readonly idle: number;
  readonly messages: number;
}

async function soak(plan: Plan): Promise<void> {
  const database = await startPostgres({
    login: "trust",
    settings: { max_connections: String(plan.idle + 100) },
  });
  const keys = await makeKeys();
  await fillTables(database.port, keys.storagePublicKey);
  const raw = await startAcraServer(database, {
    keys,
    flags: ["--acraconnector_transport_encryption_disable", `--client_id=${keys.clientId}`],
  });
  const server = await startAcraServer(database, { keys });
  const connector = await startAcraConnector(server, { keys });
  const programs: readonly (readonly [string, AcraProcess])[] = [
    ["server, raw", raw],
    ["server behind the connector", server],
    ["connector", connector],
  ];
  const watched = programs.map(([name, { process }]) => ({ name, pid: process.pid }));
  const ports = [raw.port, connector.port];
  const exchanges = await learnExchanges(connector.port, database.port);
  const written = await countWrites(database.port);
  await Bun.sleep(500);
  const before = watched.map(({ pid }) => readUsage(pid));

  console.log(`${plan.reconnects} reconnects by ${CLIENTS} clients, half through the connector`);
  const reconnects = new Record(watched);
  await timed("reconnects", () => runReconnects(plan.reconnects, ports, exchanges, reconnects));
  reconnects.report(1_000, "1000 reconnects");
  await expectFds(watched, before);

  console.log(`${plan.idle} idle sessions, half through the connector`);
  const idle = await timed("opening them", () => openIdle(plan.idle, ports));
  for (const { name, pid } of watched) {
    const { fds, resident } = readUsage(pid);
    console.log(`  ${name}: fds ${fds}, resident ${mib(resident)} MiB`);
  }

  console.log(`mixed load of ${CLIENTS} clients beside them`);
  const mixed = new Record(watched);
  const { messages, writes } = await timed("mixed load", () =>
    runMixedLoad(plan.messages, ports, exchanges, mixed),
  );
  mixed.report(1_000_000, "million messages");
  const found = (await countWrites(database.port)) - written;
  console.log(`  ${messages} messages; ${writes} rows acknowledged, ${found} found`);
  if (found !== writes) {
    failed(new Error("acknowledged rows are missing, or others are there"));
  }

  const [probe] = exchanges;
  await runClients(idle.length, async (index) => {
    const session = idle[index];
    if (session !== undefined && probe !== undefined) {
      await session.run(probe);
      await session.close();
    }
  });
  console.log(`${idle.length} idle sessions answered and were closed`);
  await expectFds(watched, before);
  for (const [name, program] of programs) {
    if (!program.process.running) {
      failed(new Error(`${name} is not running any more`));
    }
    await program.stop();
  }
  await database.stop();
}

const { values } = parseArgs({
  options: {
    reconnects: { type: "string", default: "100000" },
    idle: { type: "string", default: "1000" },
    messages: { type: "string", default: "5000000" },
  },
});
try {
  await soak({
    reconnects: Number(values.reconnects),
    idle: Number(values.idle),
    messages: Number(values.messages),
  });
} catch (error) {
  failed(error);
} finally {
  await reapNow();
}
console.log(`${failures.length} failures`);
process.exitCode = failures.length === 0 ? 0 : 1;
