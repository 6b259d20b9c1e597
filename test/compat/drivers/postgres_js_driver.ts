/** postgres.js. */

import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import postgres from "postgres";
import packageJson from "../../../node_modules/postgres/package.json" with { type: "json" };
import type { Step, Value } from "../steps.ts";
import {
  bytesOf,
  canonical,
  type Driver,
  type Login,
  pickFields,
  runDriver,
  SETTINGS,
  type Session,
  stepByStep,
  TLS_QUERY,
  untilEnded,
} from "./common.ts";

const ERROR_FIELDS =
  "severity code message detail hint position where schema_name table_name column_name data_type_name constraint_name routine".split(
    " ",
  );

function tlsSettings(sslmode: string): "prefer" | "require" | false | object {
  switch (sslmode) {
    case "disable":
      return false;
    case "prefer":
    case "require":
      return sslmode;
    default:
      return { ca: readFileSync(SETTINGS.sslrootcert, "utf8"), rejectUnauthorized: true };
  }
}

function connect(
  login: Login = {},
  onnotice: (notice: postgres.Notice) => void = () => {},
): postgres.Sql {
  return postgres({
    host: SETTINGS.host,
    port: SETTINGS.port,
    user: SETTINGS.user,
    password: login.password ?? SETTINGS.password,
    database: login.database ?? SETTINGS.database,
    ssl: tlsSettings(login.sslmode ?? SETTINGS.sslmode),
    max: 1,
    onnotice,
  });
}

type Rows = postgres.RowList<readonly postgres.Row[]>;

function show(rows: Rows): unknown {
  return {
    command: rows.command,
    count: rows.count,
    columns: rows.columns?.map(({ name, type }) => `${name}:${type}`),
    rows: [...rows].map((row) => Object.values(row).map(canonical)),
  };
}

function parameters(params: readonly Value[]): postgres.ParameterOrJSON<never>[] {
  return params.map((value) => bytesOf(value) ?? value) as postgres.ParameterOrJSON<never>[];
}

class PostgresSession implements Session {
  readonly #notices: postgres.Notice[] = [];
  readonly #sql: postgres.Sql;

  constructor() {
    this.#sql = connect({}, (notice) => this.#notices.push(notice));
  }

  async close(): Promise<void> {
    await this.#sql.end({ timeout: 5 });
  }

  async perform(step: Step): Promise<unknown> {
    switch (step.op) {
      case "query":
        return await this.#query(step);
      case "statements":
        return ((await this.#sql.unsafe(step.sql).simple()) as unknown as Rows[]).map(show);
      case "pipeline":
        return await this.#pipeline(step.queries);
      case "parts":
        return await this.#parts(step);
      case "copy_out":
        return await text(await this.#sql.unsafe(step.sql).readable());
      case "copy_in":
        return await this.#copyIn(step);
      case "copy_through":
        return await this.#copyThrough(step);
      case "listen":
        return await this.#listen(step.channel, step.payload);
      case "cancel": {
        const query = this.#sql.unsafe(step.sql);
        return await untilEnded(query, () => query.cancel());
      }
      case "notices": {
        await this.#sql.unsafe(step.sql);
        return this.#notices.splice(0).map((notice) => pickFields(notice, ERROR_FIELDS));
      }
      case "large_object":
        return await this.#largeObject(step.hex.repeat(step.times));
      case "login":
        return await ask(connect(step), "select 1 as one");
      case "tls":
        return await ask(connect({ sslmode: step.mode }), TLS_QUERY);
    }
  }

  async #query(step: Step & { op: "query" }): Promise<unknown> {
    const { sql, params, times = 1, protocol } = step;
    const results: unknown[] = [];
    for (let round = 0; round < times; round++) {
      const query =
        params === undefined
          ? this.#sql.unsafe(sql)
          : this.#sql.unsafe(sql, parameters(params), { prepare: protocol === "prepared" });
      results.push(show((await query) as unknown as Rows));
    }
    return results.length === 1 ? results[0] : results;
  }

  async #pipeline(queries: readonly string[]): Promise<unknown> {
    const answers = await Promise.allSettled(
      queries.map((sql) => this.#sql.unsafe(sql, [], { prepare: true }).execute()),
    );
    return answers.map((answer) =>
      answer.status === "fulfilled"
        ? show(answer.value as unknown as Rows)
        : { error: describe(answer.reason) },
    );
  }

  async #parts({ sql, fetch, stop }: Step & { op: "parts" }): Promise<unknown> {
    const parts: unknown[] = [];
    let read = 0;
    for await (const rows of this.#sql.unsafe(sql).cursor(fetch)) {
      parts.push(rows.map((row) => Object.values(row).map(canonical)));
      read += rows.length;
      if (stop !== undefined && read >= stop) {
        break;
      }
    }
    return parts;
  }

  async #copyIn({ table, columns, rows }: Step & { op: "copy_in" }): Promise<void> {
    const into = await this.#sql.unsafe(`copy ${table}(${columns}) from stdin`).writable();
    await pipeline(async function* () {
      for (const row of rows) {
        yield `${row.join("\t")}\n`;
      }
    }, into);
  }

  async #copyThrough({ out, into }: Step & { op: "copy_through" }): Promise<void> {
    const other = connect();
    await pipeline(await this.#sql.unsafe(out).readable(), await other.unsafe(into).writable());
    await other.end();
  }

  async #listen(channel: string, payload: string): Promise<unknown> {
    const heard = Promise.withResolvers<string>();
    const { unlisten } = await this.#sql.listen(channel, heard.resolve);
    await this.#sql.notify(channel, payload);
    const answer = await heard.promise;
    await unlisten();
    return answer;
  }

  async #largeObject(hex: string): Promise<unknown> {
    const sql = this.#sql;
    const [made] = await sql`select lo_from_bytea(0, ${Buffer.from(hex, "hex")}) as oid`;
    const oid = made?.["oid"];
    const read = await sql`select lo_get(${oid}, 7, 100000) as part, md5(lo_get(${oid})) as hash`;
    await sql`select lo_unlink(${oid})`;
    return show(read as unknown as Rows);
  }
}

async function ask(sql: postgres.Sql, query: string): Promise<unknown> {
  try {
    return show((await sql.unsafe(query)) as unknown as Rows);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

function describe(error: unknown): unknown {
  return pickFields(error, ERROR_FIELDS);
}

const driver: Driver = {
  name: "postgres.js",
  version: packageJson.version,
  cannot(step) {
    if (step.op === "query" && step.format === "binary") {
      return "reads text results only";
    }
    return step.op === "copy_in" && step.refused ? "does not return from a copy that fails" : null;
  },
  run: stepByStep(async () => new PostgresSession(), describe),
};

await runDriver(driver);
