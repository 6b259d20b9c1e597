/** What the driver programs in TypeScript share: cases in, one JSON line a case out. */

import type { Case, Step, Value } from "../steps.ts";

/** Where to connect to, from the environment. */
export const SETTINGS = {
  host: process.env["COMPAT_HOST"] ?? "",
  port: Number(process.env["COMPAT_PORT"]),
  user: process.env["COMPAT_USER"] ?? "",
  password: process.env["COMPAT_PASSWORD"] ?? "",
  database: process.env["COMPAT_DATABASE"] ?? "",
  sslmode: process.env["COMPAT_SSLMODE"] ?? "disable",
  sslrootcert: process.env["COMPAT_SSLROOTCERT"] ?? "",
} as const;

/** Settings of one connection. */
export interface Login {
  readonly password?: string;
  readonly database?: string;
  readonly sslmode?: string;
}

/** The connection of one case. */
export interface Session {
  perform(step: Step): Promise<unknown>;
  close(): Promise<void>;
}

/** A driver. */
export interface Driver {
  readonly name: string;
  readonly version: string;
  /** Why the driver has no way to do this, or `null`. */
  cannot(step: Step): string | null;
  /** One answer a step, all on one connection. */
  run(steps: readonly Step[]): Promise<readonly unknown[]>;
}

const LONGEST = 200;

/** Asks the database itself: the answer is the same where acra mirrors the client. */
export const TLS_QUERY =
  "select case when ssl then 'tls is on' else 'tls is off' end as tls from pg_stat_ssl where pid = pg_backend_pid()";

/** The bytes of a parameter, when it is of that kind. */
export function bytesOf(value: Value): Buffer | null {
  return typeof value === "object" && value !== null
    ? Buffer.from(value.hex.repeat(value.times ?? 1), "hex")
    : null;
}

/** A value as text; long ones as their hash. */
export function canonical(value: unknown): string | null {
  if (value === null || value === undefined) {
    return null;
  }
  const text = textOf(value);
  return text.length <= LONGEST
    ? text
    : `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}:${text.length}`;
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) {
    return `\\x${Buffer.from(value).toString("hex")}`;
  }
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? "no date" : value.toISOString();
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The named fields of an error, those that are there. */
export function pickFields(error: unknown, names: readonly string[]): Record<string, string> {
  const fields = error as Record<string, unknown>;
  return Object.fromEntries(
    names
      .filter((name) => fields[name] !== undefined && fields[name] !== null)
      .map((name) => [name, String(fields[name])]),
  );
}

/** Repeats a cancel until the query ended: the first may come before the query began. */
export async function untilEnded<T>(query: Promise<T>, cancel: () => void): Promise<T> {
  const timer = setInterval(cancel, 300);
  try {
    return await query;
  } finally {
    clearInterval(timer);
  }
}

/** Runs the cases of the file that the command line names. */
export async function runDriver(driver: Driver): Promise<void> {
  const cases: Case[] = await Bun.file(process.argv[2] ?? "").json();
  print({ driver: driver.name, version: driver.version });
  for (const { id, steps } of cases) {
    const reason = steps.map((step) => driver.cannot(step)).find((why) => why !== null);
    print(
      reason === undefined
        ? { case: id, answers: await driver.run(steps) }
        : { case: id, cannot: reason },
    );
  }
  process.exit(0);
}

/** A `run` for drivers that take one step after the other. */
export function stepByStep(
  connect: () => Promise<Session>,
  describeError: (error: unknown) => unknown,
): Driver["run"] {
  return async (steps) => {
    const answers: unknown[] = [];
    try {
      const session = await connect();
      for (const step of steps) {
        const answer = session.perform(step);
        answers.push(await answer.catch((error) => ({ error: describeError(error) })));
      }
      await session.close().catch(() => {});
    } catch (error) {
      answers.push({ connect: describeError(error) });
    }
    return answers;
  };
}

function print(line: unknown): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
