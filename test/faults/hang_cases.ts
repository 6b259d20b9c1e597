/** Processes that stop without dying: they read nothing and write nothing, and nobody is told. */

import { startReader } from "./application.ts";
import {
  type Case,
  expectStrike,
  GROWTH_LIMIT_BYTES,
  type Part,
  placeOf,
  strikeTour,
} from "./case.ts";
import type { FaultRig } from "./fault_rig.ts";
import { PATHS, type Path, type ProgramName } from "./programs.ts";

/** How long a part hangs at least, in ms. */
const HANG_MS = 500;
/** Inside the login, a statement with parameters, a COPY. */
const CLIENT_PLACES = ["p:1", "B", "d:2"];
const DATABASE_PLACES = ["Q", "d:2"];
/** Whose clients get no answer while a program hangs. */
const BEHIND: Readonly<Record<ProgramName, readonly ProgramName[]>> = {
  "raw server": ["raw server"],
  server: ["server", "connector", "other connector"],
  connector: ["connector"],
  "other connector": ["other connector"],
};

export function hangCases(): Case[] {
  return [
    ...PATHS.flatMap((path) =>
      [true, false].map(
        (wakes): Case => ({
          part: "client",
          fault: "hang",
          name: `${path}, a reader of much that ${wakes ? "goes on later" : "is killed then"}`,
          run: (rig) => hangReader(rig, path, wakes),
        }),
      ),
    ),
    ...CLIENT_PLACES.flatMap((message) => [
      hangProgram("connector", "connector", message),
      hangProgram("server", "server", message),
      hangProgram("raw server", "server", message),
    ]),
    ...PATHS.flatMap((path) =>
      DATABASE_PLACES.map(
        (message): Case => ({
          part: "database",
          fault: "hang",
          name: `${path}, the backend behind ${message}`,
          run: (rig) => hangBackend(rig, path, message),
        }),
      ),
    ),
  ];
}

async function hangReader(rig: FaultRig, path: Path, wakes: boolean): Promise<string[]> {
  const undisturbed = wakes ? startReader(rig, path) : null;
  await undisturbed?.finish();
  const stopped = Promise.withResolvers<void>();
  const started: ReturnType<typeof startReader>[] = [];
  const faults = await expectStrike(
    rig.programs.relay("app", path),
    {
      direction: "down",
      place: placeOf("down", "D:700", "middle"),
      strike: () => {
        started[0]?.process.signal("SIGSTOP");
        stopped.resolve();
      },
    },
    async () => {
      const reader = startReader(rig, path);
      started.push(reader);
      await Promise.race([stopped.promise, reader.process.exited]);
      const seen = await watchHang(rig, []);
      reader.process.signal(wakes ? "SIGCONT" : "SIGKILL");
      await reader.finish();
      return reader.rows() === undisturbed?.rows()
        ? seen
        : [...seen, "it did not read what it reads without a fault"];
    },
  );
  return [...faults, ...(await rig.settle())];
}

function hangProgram(program: ProgramName, part: Part, message: string): Case {
  const path = program === "raw server" ? "raw" : "connector";
  return {
    part,
    fault: "hang",
    name: `the ${program} inside ${message}`,
    run: async (rig) => {
      const { process } = rig.programs.program(program);
      const seen: Promise<string[]>[] = [];
      const faults = await strikeTour(
        rig,
        { leg: "app", path, direction: "up" },
        {
          place: placeOf("up", message, "middle"),
          strike: () => {
            process.signal("SIGSTOP");
            seen.push(watchHang(rig, BEHIND[program]).finally(() => process.signal("SIGCONT")));
          },
        },
        { complete: true },
      );
      return [...faults, ...(await Promise.all(seen)).flat()];
    },
  };
}

async function hangBackend(rig: FaultRig, path: Path, message: string): Promise<string[]> {
  const seen: Promise<string[]>[] = [];
  const faults = await strikeTour(
    rig,
    { leg: "database", path, direction: "up" },
    {
      place: placeOf("up", message, "after"),
      strike: async (link) => {
        const backend = await rig.backendOf(link);
        process.kill(backend, "SIGSTOP");
        seen.push(watchHang(rig, []).finally(() => process.kill(backend, "SIGCONT")));
      },
    },
    { complete: true },
  );
  return [...faults, ...(await Promise.all(seen)).flat()];
}

/** Lets time go by while something hangs: nobody may spin, grow, or keep others waiting. */
async function watchHang(rig: FaultRig, hanging: readonly ProgramName[]): Promise<string[]> {
  const started = performance.now();
  const faults = await rig.untilQuiet(hanging);
  if (rig.growth > GROWTH_LIMIT_BYTES) {
    faults.push(`a hanging peer costs ${rig.growth} bytes of memory`);
  }
  faults.push(...(await rig.askWitnesses(hanging)));
  await Bun.sleep(Math.max(0, HANG_MS - (performance.now() - started)));
  return faults;
}
