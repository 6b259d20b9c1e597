/** The programs at rest, and what must hold after every fault. */

import postgres, { type Sql } from "postgres";
import { dataRow, message, RawClient, type ReceivedMessage } from "../harness/pg_peers.ts";
import { cpuMilliseconds, readUsage, type Usage } from "../harness/process_usage.ts";
import type { Expected } from "./case.ts";
import { Ledger, MARKER, NOTE, secretOf } from "./ledger.ts";
import { PATHS, type Path, type ProgramName, Programs } from "./programs.ts";
import type { Link } from "./relay.ts";
import { connectTo, logIn, runTour, type TourResult, type TourTarget } from "./tour.ts";
import { compareTranscript, countUpTo } from "./transcript.ts";

const FIXTURE_ROWS = 20;
const READ_FIXTURE = "SELECT id, note, secret FROM fixture ORDER BY id";
/** So many times the fixture, with two thousand bytes more in each row. */
const MUCH = 250;
const READ_MUCH = `SELECT fixture.*, repeat(md5(g::text), 64)
  FROM generate_series(1, ${MUCH}) g, fixture ORDER BY g, id`;
const WARM_UP_TOURS = 10;
/** After the start of one program anew. */
const RECOVERY_TOURS = 2;
/** Within this time every session that a fault has hit must be gone; in ms. */
const SETTLE_MS = 15_000;
/** No tour takes longer, save one that hangs. */
const TOUR_MS = 60_000;
/** A program is quiet when it spends less than this share of a window; more for long is spinning. */
const QUIET_SHARE = 0.3;
const QUIET_WINDOW_MS = 200;
const QUIET_WINDOWS = 50;

/** A session that lives through the faults of others. */
interface Witness {
  readonly program: ProgramName;
  readonly port: number;
  /** Whether it may see what is protected. */
  readonly trusted: boolean;
  client: RawClient | null;
}

/** Rows as one client gets them: protected ones opened or not. */
type Sight = "opened" | "closed";

export class FaultRig {
  readonly programs: Programs;
  readonly ledger: Ledger;
  readonly sql: Sql;
  readonly #fixtureLedger: Ledger;
  readonly #witnesses: readonly Witness[];
  readonly #baseline = new Map<ProgramName, Usage>();
  #backends = 0;
  #whole: readonly ReceivedMessage[] = [];
  #much: readonly ReceivedMessage[] = [];

  private constructor(programs: Programs, sql: Sql) {
    this.programs = programs;
    this.sql = sql;
    this.ledger = new Ledger(programs.keys.storagePublicKey);
    this.#fixtureLedger = new Ledger(programs.keys.storagePublicKey);
    const witness = (program: ProgramName, trusted: boolean): Witness => ({
      program,
      port: programs.program(program).port,
      trusted,
      client: null,
    });
    this.#witnesses = [
      witness("raw server", true),
      witness("connector", true),
      witness("other connector", programs.tls),
    ];
  }

  /** With Secure Session between connector and server and no TLS, or with TLS in every leg. */
  static async start(options: { readonly tls?: boolean } = {}): Promise<FaultRig> {
    const programs = await Programs.start(options.tls ?? false);
    const sql = postgres(programs.database.url(), { max: 1, onnotice: () => {} });
    const rig = new FaultRig(programs, sql);
    await rig.#makeTables();
    await rig.#learn();
    await rig.recover([], WARM_UP_TOURS);
    return rig;
  }

  async stop(): Promise<void> {
    for (const { client } of this.#witnesses) {
      client?.close();
    }
    await this.sql.end();
    await this.programs.stop();
  }

  /** Where an application of this path connects to. */
  target(path: Path): TourTarget {
    return this.#targetAt(
      this.programs.relay("app", path).port,
      this.programs.tls && path === "raw",
    );
  }

  /** A tour; answers what is wrong with what it received. */
  async tour(path: Path, { complete = false, reaches }: Expected): Promise<string[]> {
    const result = await this.#runTour(path);
    if (result === null) {
      return ["the tour hangs"];
    }
    const atLeast = reaches === undefined ? 0 : countUpTo(this.#whole, reaches);
    const faults = compareTranscript(
      result.transcript,
      this.#whole,
      complete ? this.#whole.length : atLeast,
    );
    return complete && !result.complete ? [...faults, "the connection was lost"] : faults;
  }

  /** Reads some megabytes with protected cells in them; answers what is wrong with them. */
  async readMuch(path: Path, { complete = false }: Expected): Promise<string[]> {
    const received = await readAll(this.target(path));
    return compareTranscript(received, this.#much, complete ? this.#much.length : 0);
  }

  /** What a client program needs to read the same. */
  get muchQuery(): string {
    return READ_MUCH;
  }

  /** The process of the database that serves a connection. */
  async backendOf(link: Link): Promise<number> {
    const [row] = await this.sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity WHERE client_port = ${link.targetSidePort}`;
    if (row === undefined) {
      throw new Error("the connection has no backend");
    }
    return row.pid;
  }

  /** Waits until everything is as it was before the fault; answers what is not. */
  async settle(): Promise<string[]> {
    const faults = await this.#waitForRest();
    faults.push(...(await this.ledger.check(this.sql)));
    for (const witness of this.#witnesses) {
      faults.push(...(await this.#ask(witness)));
    }
    faults.push(...this.programs.relays.flatMap(({ leaks }) => leaks.splice(0)));
    for (const name of this.programs.names) {
      const { process } = this.programs.program(name);
      if (!process.running) {
        faults.push(`the ${name} is not running any more`);
      }
      if (process.stderr.text.includes("internal error")) {
        faults.push(`the ${name} met an internal error`);
      }
      if (process.stderr.text.includes(MARKER)) {
        faults.push(`the ${name} logged a secret`);
      }
    }
    return faults;
  }

  /** After a crash: starts programs again, opens the witnesses anew, and takes that for the rest. */
  async recover(killed: readonly ProgramName[], warmUpTours = RECOVERY_TOURS): Promise<void> {
    for (const name of killed) {
      await this.programs.restart(name);
    }
    await this.#untilDatabaseAnswers();
    for (const witness of this.#witnesses) {
      if (witness.client === null || witness.client.closed) {
        witness.client = await RawClient.connect(witness.port);
        await logIn(witness.client, this.#targetAt(witness.port));
      }
    }
    for (let tours = 0; tours < warmUpTours; tours++) {
      for (const path of PATHS) {
        await this.#runTour(path);
      }
    }
    await Bun.sleep(300);
    for (const name of this.programs.names) {
      this.#baseline.set(name, readUsage(this.programs.program(name).process.pid));
    }
    this.#backends = await this.#countBackends();
  }

  /** Waits until a crash of the database has reached everybody. */
  async untilWitnessesLost(): Promise<void> {
    await Promise.all(
      this.#witnesses.map(({ client }) =>
        Promise.race([client?.untilClosed(), Bun.sleep(SETTLE_MS)]),
      ),
    );
  }

  /** Waits until no program works any more; answers which one goes on although nothing moves. */
  async untilQuiet(excepting: readonly ProgramName[]): Promise<string[]> {
    let busy = this.programs.names.filter((name) => !excepting.includes(name));
    for (let windows = 0; windows < QUIET_WINDOWS && busy.length > 0; windows++) {
      const pids = busy.map((name) => this.programs.program(name).process.pid);
      const before = pids.map(cpuMilliseconds);
      const started = performance.now();
      await Bun.sleep(QUIET_WINDOW_MS);
      const limit = (performance.now() - started) * QUIET_SHARE;
      const spent = pids.map((pid, index) => cpuMilliseconds(pid) - (before[index] ?? 0));
      busy = busy.filter((_, index) => (spent[index] ?? 0) > limit);
    }
    return busy.map((name) => `the ${name} spins while nothing moves`);
  }

  /** Whether the witnesses are served at this moment, save those behind some programs. */
  async askWitnesses(excepting: readonly ProgramName[]): Promise<string[]> {
    const asked = this.#witnesses.filter(({ program }) => !excepting.includes(program));
    return (await Promise.all(asked.map((witness) => this.#ask(witness)))).flat();
  }

  /** Resident memory of each program at rest and now, for the report. */
  describeMemory(): string[] {
    return this.programs.names.map((name) => {
      const before = this.#baseline.get(name) ?? { fds: 0, resident: 0 };
      const now = readUsage(this.programs.program(name).process.pid);
      return `${name}: fds ${before.fds} → ${now.fds}, resident ${mib(before)} → ${mib(now)} MiB`;
    });
  }

  /** How much the resident memory of the programs grew since they last came to rest; the most of all. */
  get growth(): number {
    return Math.max(
      ...this.programs.names.map(
        (name) =>
          readUsage(this.programs.program(name).process.pid).resident -
          (this.#baseline.get(name)?.resident ?? 0),
      ),
    );
  }

  #targetAt(port: number, tls = false): TourTarget {
    const { user, password, database } = this.programs.database;
    return { port, user, password, database, tls };
  }

  async #runTour(path: Path): Promise<TourResult | null> {
    const tour = runTour(this.target(path), this.ledger);
    return await Promise.race([tour, Bun.sleep(TOUR_MS).then(() => null)]);
  }

  async #makeTables(): Promise<void> {
    for (const table of ["ledger", "fixture"]) {
      await this.sql.unsafe(`CREATE TABLE ${table} (id int PRIMARY KEY, note text, secret bytea)`);
    }
    const { rows } = this.#fixtureLedger.begin(FIXTURE_ROWS);
    await this.sql`INSERT INTO fixture ${this.sql(rows.map((row) => ({ ...row })))}`;
  }

  /** Tours without a fault, whose transcripts are what all others are compared with. */
  async #learn(): Promise<void> {
    for (const path of PATHS) {
      const result = await this.#runTour(path);
      if (result?.complete !== true) {
        throw new Error(`a tour without faults (${path}) came to no end`);
      }
      this.#whole = this.#whole.length === 0 ? result.transcript : this.#whole;
      const faults = compareTranscript(result.transcript, this.#whole, this.#whole.length);
      const first = this.#whole.findIndex(({ type }) => type === "D");
      const read = this.#whole.slice(first, first + FIXTURE_ROWS).map(({ raw }) => raw);
      if (faults.length > 0 || !Buffer.concat(read).equals(Buffer.concat(rowsSeen("opened")))) {
        throw new Error(`a tour without faults (${path}) is wrong: ${faults.join("; ")}`);
      }
    }
    this.#much = await this.#learnMuch();
  }

  async #learnMuch(): Promise<readonly ReceivedMessage[]> {
    const rows = await readAll(this.target("raw"));
    const hex = Buffer.from(MARKER).toString("hex");
    const opened = rows.filter(({ raw }) => raw.includes(hex)).length;
    if (opened !== MUCH * FIXTURE_ROWS) {
      throw new Error(`only ${opened} protected cells were opened`);
    }
    return rows;
  }

  async #waitForRest(): Promise<string[]> {
    const end = Date.now() + SETTLE_MS;
    for (;;) {
      const faults = await this.#unrest();
      if (faults.length === 0 || Date.now() > end) {
        return faults;
      }
      await Bun.sleep(5);
    }
  }

  async #unrest(): Promise<string[]> {
    const faults: string[] = [];
    for (const [name, { fds }] of this.#baseline) {
      const { process } = this.programs.program(name);
      const now = process.running ? readUsage(process.pid).fds : 0;
      if (now !== fds) {
        faults.push(`the ${name} holds ${now} descriptors, at rest it were ${fds}`);
      }
    }
    const backends = await this.#countBackends();
    if (backends !== this.#backends) {
      faults.push(`${backends} sessions in the database, at rest it were ${this.#backends}`);
    }
    return faults;
  }

  async #countBackends(): Promise<number> {
    const [row] = await this.sql<{ count: number }[]>`
      SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend'`;
    return row?.count ?? 0;
  }

  async #ask({ program, client, trusted }: Witness): Promise<string[]> {
    const name = `the witness at the ${program}`;
    if (client === null || client.closed) {
      return [`${name} lost its session`];
    }
    client.send(message("Q", `${READ_FIXTURE}\0`));
    const answer = await Promise.race([
      client.until("Z").catch(() => null),
      Bun.sleep(SETTLE_MS).then(() => null),
    ]);
    if (answer === null) {
      return [`${name} gets no answer`];
    }
    const rows = answer.filter(({ type }) => type === "D").map(({ raw }) => raw);
    const expected = rowsSeen(trusted ? "opened" : "closed", this.#fixtureLedger);
    return Buffer.concat(rows).equals(Buffer.concat(expected)) ? [] : [`${name} gets wrong rows`];
  }

  async #untilDatabaseAnswers(): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      const answer = await this.sql`SELECT 1`.catch(() => null);
      if (answer !== null) {
        return;
      }
      await Bun.sleep(50);
    }
    throw new Error("the database does not come back");
  }
}

/** The rows of the fixture as they come in text. */
function rowsSeen(sight: Sight, ledger?: Ledger): Buffer[] {
  return Array.from({ length: FIXTURE_ROWS }, (_, index) => {
    const id = index + 1;
    const secret =
      sight === "opened" ? Buffer.from(secretOf(id)) : (ledger?.structOf(id) ?? Buffer.alloc(0));
    return dataRow([
      Buffer.from(String(id)),
      Buffer.from(`${NOTE} ${id}`),
      Buffer.from(`\\x${secret.toString("hex")}`),
    ]);
  });
}

/** What the large query brings, as far as the connection lives. */
async function readAll(target: TourTarget): Promise<readonly ReceivedMessage[]> {
  const client = await connectTo(target);
  try {
    await logIn(client, target);
    client.send(message("Q", `${READ_MUCH}\0`));
    return await client.until("Z").catch(() => client.untilClosed());
  } finally {
    client.close();
  }
}

function mib({ resident }: Usage): string {
  return (resident / 1024 / 1024).toFixed(1);
}
