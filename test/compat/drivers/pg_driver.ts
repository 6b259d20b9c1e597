/** node-postgres, with pg-copy-streams, as its users have it. */

import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import packageJson from "pg/package.json" with { type: "json" };
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import type { Step } from "../steps.ts";
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
  "severity code message detail hint position where schema table column dataType constraint routine".split(
    " ",
  );

/** The types do not know these. */
interface Cancelling {
  cancel(client: pg.Client, query: unknown): void;
}

function tlsSettings(sslmode: string): pg.ClientConfig["ssl"] {
  switch (sslmode) {
    case "disable":
      return false;
    case "require":
      return { rejectUnauthorized: false };
    default:
      return { ca: readFileSync(SETTINGS.sslrootcert, "utf8"), rejectUnauthorized: true };
  }
}

async function connect(login: Login = {}, more: object = {}): Promise<pg.Client> {
  const client = new pg.Client({
    host: SETTINGS.host,
    port: SETTINGS.port,
    user: SETTINGS.user,
    password: login.password ?? SETTINGS.password,
    database: login.database ?? SETTINGS.database,
    ssl: tlsSettings(login.sslmode ?? SETTINGS.sslmode),
    ...more,
  });
  client.on("error", () => {});
  await client.connect();
  return client;
}

function show(result: pg.QueryArrayResult): unknown {
  return {
    command: result.command,
    count: result.rowCount,
    columns: result.fields.map(({ name, dataTypeID, format }) => `${name}:${dataTypeID}:${format}`),
    rows: result.rows.map((row) => row.map(canonical)),
  };
}

class PgSession implements Session {
  readonly #client: pg.Client;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  async perform(step: Step): Promise<unknown> {
    switch (step.op) {
      case "query":
        return await this.#query(step);
      case "statements":
        return await this.#statements(step.sql);
      case "pipeline":
        return await this.#pipeline(step.queries);
      case "parts":
        // It suspends the portal after each part, and goes on to the end.
        return show(await this.#read(step.sql, { rows: step.fetch }));
      case "copy_out":
        return await text(this.#client.query(copyTo(step.sql)));
      case "copy_in":
        return await this.#copyIn(step);
      case "copy_through":
        return await pipeline(
          this.#client.query(copyTo(step.out)),
          await this.#copyBeside(step.into),
        );
      case "listen":
        return await this.#listen(step.channel, step.payload);
      case "cancel":
        return await this.#cancel(step.sql);
      case "notices":
        return await this.#notices(step.sql);
      case "large_object":
        return await this.#largeObject(step.hex.repeat(step.times));
      case "login":
        return await connect(step).then((client) => client.end());
      case "tls":
        return await askForTls(step.mode);
    }
  }

  async #read(sql: string, more: object = {}): Promise<pg.QueryArrayResult> {
    return await this.#client.query({
      text: sql,
      rowMode: "array",
      ...more,
    } as pg.QueryArrayConfig);
  }

  async #query(step: Step & { op: "query" }): Promise<unknown> {
    const { sql, params = [], times = 1, protocol, format } = step;
    const results: unknown[] = [];
    for (let round = 0; round < times; round++) {
      const result = await this.#read(sql, {
        values: params.map((value) => bytesOf(value) ?? value),
        ...(format === undefined ? {} : { binary: format === "binary" }),
        ...(protocol === "prepared" ? { name: `named ${sql}`.slice(0, 60) } : {}),
        ...(protocol === "extended" ? { queryMode: "extended" } : {}),
      });
      results.push(show(result));
    }
    return results.length === 1 ? results[0] : results;
  }

  async #statements(sql: string): Promise<unknown> {
    const results = (await this.#read(sql)) as unknown as pg.QueryArrayResult[];
    return results.map(show);
  }

  async #pipeline(queries: readonly string[]): Promise<unknown> {
    const client = await connect({}, { pipeline: true });
    const answers = await Promise.allSettled(
      queries.map((sql) => client.query({ text: sql, values: [], rowMode: "array" })),
    );
    await client.end();
    return answers.map((answer) =>
      answer.status === "fulfilled" ? show(answer.value) : { error: describe(answer.reason) },
    );
  }

  async #copyIn({ table, columns, rows }: Step & { op: "copy_in" }): Promise<void> {
    const stream = this.#client.query(copyFrom(`copy ${table}(${columns}) from stdin`));
    await pipeline(async function* () {
      for (const row of rows) {
        yield `${row.join("\t")}\n`;
      }
    }, stream);
  }

  /** One connection cannot read and write a copy at once. */
  async #copyBeside(sql: string): Promise<NodeJS.WritableStream> {
    const other = await connect();
    return other.query(copyFrom(sql)).once("close", () => void other.end());
  }

  async #listen(channel: string, payload: string): Promise<unknown> {
    const heard = Promise.withResolvers<unknown>();
    this.#client.on("notification", (news) => heard.resolve([news.channel, news.payload]));
    await this.#read(`listen ${channel}`);
    const other = await connect();
    await other.query("select pg_notify($1, $2)", [channel, payload]);
    await other.end();
    return await heard.promise;
  }

  async #cancel(sql: string): Promise<unknown> {
    const query = new pg.Query({ text: sql });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    query.on("end", () => resolve());
    query.on("error", reject);
    this.#client.query(query);
    return await untilEnded(promise, () => {
      const canceller = new pg.Client({ ...SETTINGS, ssl: tlsSettings(SETTINGS.sslmode) });
      (canceller as unknown as Cancelling).cancel(this.#client, query);
    });
  }

  async #notices(sql: string): Promise<unknown> {
    const notices: unknown[] = [];
    const hear = (notice: object) => notices.push(pickFields(notice, ERROR_FIELDS));
    this.#client.on("notice", hear);
    await this.#read(sql);
    this.#client.off("notice", hear);
    return notices;
  }

  async #largeObject(hex: string): Promise<unknown> {
    const made = await this.#read("select lo_from_bytea(0, $1)", {
      values: [Buffer.from(hex, "hex")],
    });
    const oid: unknown = made.rows[0]?.[0];
    const read = await this.#read("select lo_get($1, 7, 100000), md5(lo_get($1))", {
      values: [oid],
    });
    await this.#read("select lo_unlink($1)", { values: [oid] });
    return show(read);
  }
}

async function askForTls(sslmode: string): Promise<unknown> {
  const client = await connect({ sslmode });
  const result = await client.query({ text: TLS_QUERY, rowMode: "array" });
  await client.end();
  return show(result);
}

function describe(error: unknown): unknown {
  return pickFields(error, ERROR_FIELDS);
}

const driver: Driver = {
  name: "node-postgres",
  version: packageJson.version,
  cannot: (step) =>
    step.op === "tls" && step.mode === "prefer" ? "knows no TLS that may be refused" : null,
  run: stepByStep(async () => new PgSession(await connect()), describe),
};

await runDriver(driver);
