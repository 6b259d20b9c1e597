/** Processes that die from one moment to the next. */

import { startReader, startWriter } from "./application.ts";
import { type Case, expectStrike, type Part, placeOf } from "./case.ts";
import type { FaultRig } from "./fault_rig.ts";
import { PATHS, type Path, type ProgramName } from "./programs.ts";

const WRITER_ROWS = [3, 20, 41];
/** Inside the login, a statement with parameters, a COPY, a transaction. */
const CLIENT_PLACES = ["p:1", "B", "d:2", "Q:7"];
/** Behind them; the last one is COMMIT. */
const DATABASE_PLACES = ["B", "d:2", "Q:7", "Q:8"];
/** A message among those of a large result. */
const AMONG_MUCH = "D:700";

export function killCases(): Case[] {
  return [
    ...PATHS.flatMap((path) => [
      ...WRITER_ROWS.map((row) =>
        client(`${path}, a writer at its row ${row}`, (rig) => killWriter(rig, path, row)),
      ),
      client(`${path}, a reader of much`, (rig) => killReader(rig, path)),
    ]),
    ...CLIENT_PLACES.flatMap((message) => [
      killProgram("connector", "connector", message),
      killProgram("server", "server", message),
      killProgram("raw server", "server", message),
    ]),
    ...PATHS.flatMap((path) => [
      ...DATABASE_PLACES.map((message) =>
        database(`${path}, the backend behind ${message}`, (rig) =>
          killBackend(rig, path, message),
        ),
      ),
      database(`${path}, the backend while a slow reader reads much`, (rig) =>
        killBackendOfSlowReader(rig, path),
      ),
    ]),
  ];
}

function client(name: string, run: Case["run"]): Case {
  return { part: "client", fault: "kill", name, run };
}

function database(name: string, run: Case["run"]): Case {
  return { part: "database", fault: "kill", name, run };
}

async function killWriter(rig: FaultRig, path: Path, row: number): Promise<string[]> {
  let writer: ReturnType<typeof startWriter> | null = null;
  const faults = await expectStrike(
    rig.programs.relay("app", path),
    {
      direction: "up",
      place: placeOf("up", `B:${row}`, "middle"),
      strike: () => writer?.process.signal("SIGKILL"),
    },
    async () => {
      writer = startWriter(rig, path);
      await writer.finish();
      return [];
    },
  );
  return [...faults, ...(await rig.settle())];
}

async function killReader(rig: FaultRig, path: Path): Promise<string[]> {
  let reader: ReturnType<typeof startReader> | null = null;
  const faults = await expectStrike(
    rig.programs.relay("app", path),
    {
      direction: "down",
      place: placeOf("down", AMONG_MUCH, "middle"),
      strike: () => reader?.process.signal("SIGKILL"),
    },
    async () => {
      reader = startReader(rig, path);
      await reader.finish();
      return reader.rows() === undefined ? [] : ["it read everything before it was killed"];
    },
  );
  return [...faults, ...(await rig.settle())];
}

function killProgram(program: ProgramName, part: Part, message: string): Case {
  const path = program === "raw server" ? "raw" : "connector";
  return {
    part,
    fault: "kill",
    name: `the ${program} inside ${message}`,
    run: async (rig) => {
      const { process } = rig.programs.program(program);
      const faults = await expectStrike(
        rig.programs.relay("app", path),
        {
          direction: "up",
          place: placeOf("up", message, "middle"),
          strike: () => process.signal("SIGKILL"),
        },
        () => rig.tour(path, {}),
      );
      await process.exited;
      await rig.recover([program]);
      return [...faults, ...(await rig.settle())];
    },
  };
}

/** The kill of one backend takes all others along: PostgreSQL starts anew from its log. */
async function killBackend(rig: FaultRig, path: Path, message: string): Promise<string[]> {
  const faults = await expectStrike(
    rig.programs.relay("database", path),
    {
      direction: "up",
      place: placeOf("up", message, "after"),
      strike: async (link) => {
        process.kill(await rig.backendOf(link), "SIGKILL");
      },
    },
    () => rig.tour(path, {}),
  );
  await rig.untilWitnessesLost();
  await rig.recover([]);
  return [...faults, ...(await rig.settle())];
}

/** Rows are still queued towards the client when the database is gone. */
async function killBackendOfSlowReader(rig: FaultRig, path: Path): Promise<string[]> {
  rig.programs.relay("app", path).plan({ direction: "down", pace: { bytes: 16_384, pauseMs: 3 } });
  const faults = await expectStrike(
    rig.programs.relay("database", path),
    {
      direction: "down",
      place: placeOf("down", AMONG_MUCH, "middle"),
      strike: async (link) => {
        process.kill(await rig.backendOf(link), "SIGKILL");
      },
    },
    () => rig.readMuch(path, {}),
  );
  await rig.untilWitnessesLost();
  await rig.recover([]);
  return [...faults, ...(await rig.settle())];
}
