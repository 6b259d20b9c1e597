/** How long it takes from the start of a program until it accepts its first connection. */

import { type AcraKeys, acraCommand } from "../../test/harness/acra.ts";
import { findFreePort } from "../../test/harness/ports.ts";
import { startProcess } from "../../test/harness/process.ts";
import { FIGURES, type Figure, type ProbePlan } from "./figures.ts";
import { spreadOf } from "./spread.ts";
import { type Rig, rawFlags, type Target } from "./targets.ts";

const STARTS = { full: 9, quick: 3 };
const TIMEOUT_MS = 20_000;
const RETRY_MS = 1;

/** Starts server and connector several times each. */
export async function measureStart(
  { database, keys }: Rig,
  _: readonly Target[],
  plan: ProbePlan,
): Promise<Figure[]> {
  const server = [
    "server",
    `--db_host=${database.host}`,
    `--db_port=${database.port}`,
    `--keys_dir=${keys.serverFolder}`,
    ...rawFlags(keys),
  ];
  const connector = [
    "connector",
    `--client_id=${keys.clientId}`,
    `--acraserver_connection_string=tcp://127.0.0.1:${database.port}/`,
    `--keys_dir=${keys.connectorFolder}`,
    "--user_check_disable",
  ];
  const figures: Figure[] = [];
  for (const args of [server, connector]) {
    const times: number[] = [];
    for (let count = 0; count < (plan.quick ? STARTS.quick : STARTS.full); count++) {
      times.push(await startOnce(args, keys));
    }
    const value = spreadOf(times);
    if (value !== null) {
      figures.push({
        name: FIGURES.start,
        subject: `acra ${args[0]}`,
        unit: "ms",
        digits: 0,
        value,
      });
    }
  }
  return figures;
}

async function startOnce(args: readonly string[], keys: AcraKeys): Promise<number> {
  const port = await findFreePort();
  const listen = `--incoming_connection_string=tcp://127.0.0.1:${port}/`;
  const started = performance.now();
  const program = startProcess([...acraCommand(), ...args, listen], {
    cwd: "/",
    env: { ACRA_MASTER_KEY: keys.masterKey },
  });
  while (!(await accepts(port))) {
    if (performance.now() - started > TIMEOUT_MS) {
      throw new Error(`acra ${args[0]} does not listen:\n${program.stderr.text}`);
    }
    await Bun.sleep(RETRY_MS);
  }
  const time = performance.now() - started;
  await program.stop("SIGTERM");
  return time;
}

async function accepts(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data() {}, error() {}, connectError() {} },
    });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}
