/**
 * The contract: 40 cases, each a list of steps.
 * A case runs on a connection of its own. Its answer must be the same whether the driver speaks with
 * the database or with acra; `people.name` and `wide.sealed` are plain in the one database and
 * AcraStructs in the other.
 */

import type { Case, Step } from "./steps.ts";

/** What lies in `people.name` of row 1. */
export const PLAINTEXT = Buffer.from("Grüße, \\ \0 and \x7f bytes");
/** Length of the big values. */
export const BIG_LENGTH = 16 * 1024 * 1024;
/** Columns of the widest table that PostgreSQL makes. */
export const MOST_COLUMNS = 1600;

const PLAIN_HEX = PLAINTEXT.toString("hex");
const PEOPLE = "select id, name, note from people order by id";

function query(sql: string, more: Omit<Step & { op: "query" }, "op" | "sql"> = {}): Step {
  return { op: "query", sql, ...more };
}

function inOrder(...statements: readonly string[]): Step[] {
  return statements.map((sql) => query(sql));
}

function inFormats(table: string, title: string, more: readonly Step[], expect: string[]): Case[] {
  return (["text", "binary"] as const).map((format) => ({
    id: `${table}_${format}`,
    title: `${title}, ${format}`,
    steps: [query(`select * from ${table} order by id`, { format }), ...more],
    expect,
  }));
}

function copyRows(count: number): string[][] {
  return Array.from({ length: count }, (_, id) => [String(id), `Wert ${id} „ü“`]);
}

const LOGIN: readonly Case[] = [
  {
    id: "login",
    title: "SCRAM login",
    steps: inOrder(
      "select current_user::text as me, current_setting('server_encoding') as encoding",
    ),
    expect: ["postgres", "UTF8"],
  },
  {
    id: "login_refused",
    title: "Wrong password, unknown database",
    steps: [
      { op: "login", password: "wrong" },
      { op: "login", database: "nowhere" },
    ],
    expect: ["password authentication failed", 'nowhere\\" does not exist'],
  },
  ...(["disable", "prefer", "require", "verify-full"] as const).map(
    (mode): Case => ({
      id: `tls_${mode.replace("-", "_")}`,
      title: `TLS: sslmode=${mode}`,
      steps: [{ op: "tls", mode }],
      expect: [mode === "disable" ? "tls is off" : "tls is on"],
    }),
  ),
];

const TYPES: readonly Case[] = [
  ...inFormats("numbers", "Numbers, NULL, zero", [], []),
  ...inFormats("strings", "Strings, NULL, empty", [], ["ünï 🦊"]),
  ...inFormats("times", "Dates and times, NULL", [], []),
  ...inFormats(
    "bytes",
    "bytea, NULL, empty",
    inOrder("set bytea_output = 'escape'", "select * from bytes order by id"),
    [],
  ),
  ...inFormats("structured", "Arrays, JSON, ranges, rows", [], []),
];

const PROTOCOL: readonly Case[] = [
  {
    id: "statements",
    title: "Several statements in one query",
    steps: [
      {
        op: "statements",
        sql:
          "select name from people order by id; select 2 as two; " +
          "prepare p as select name from people where id = $1; execute p(1); deallocate p",
      },
      query(""),
      ...inOrder("select 3 as three"),
    ],
    expect: [PLAIN_HEX],
  },
  {
    id: "parameters",
    title: "Parameters: extended protocol",
    steps: [
      query(
        "select $1::int4 as i, $2::text as t, $3::bytea as b, $4::text as n, $5::text as e, $6::bytea as z",
        { params: [-7, "it's ü", { hex: "00ff5c" }, null, "", { hex: "" }], protocol: "extended" },
      ),
      query("select name, note from people where id = $1", { params: [1], protocol: "extended" }),
    ],
    expect: ["-7", "it's ü", PLAIN_HEX],
  },
  {
    id: "prepared",
    title: "A prepared statement, again and again",
    steps: [
      query("select name from people where id = $1", {
        params: [1],
        protocol: "prepared",
        times: 8,
      }),
      query("select * from changing where id = $1", { params: [1], protocol: "prepared" }),
      query("alter table changing add column more text default 'more'", { protocol: "prepared" }),
      query("select * from changing where id = $1", { params: [1], protocol: "prepared" }),
    ],
    expect: [PLAIN_HEX],
  },
  {
    id: "pipeline",
    title: "A pipeline with an error in its middle",
    steps: [
      {
        op: "pipeline",
        queries: [
          "select name from people where id = 1",
          "select id, note from people where id = 3",
          "select 1/0",
          "select name from people where id = 1",
        ],
      },
      query("select name from people where id = 1"),
    ],
    expect: [PLAIN_HEX, "division by zero"],
  },
  {
    id: "parts",
    title: "A result in parts, and left early",
    steps: [
      { op: "parts", sql: PEOPLE, fetch: 1 },
      { op: "parts", sql: "select n from generate_series(1, 100) n", fetch: 7, stop: 20 },
      query("select name from people where id = 1"),
    ],
    expect: [PLAIN_HEX],
  },
  {
    id: "cursors",
    title: "Cursors of SQL: back, forth, held",
    steps: inOrder(
      "begin",
      `declare c scroll cursor with hold for ${PEOPLE}`,
      "fetch 2 from c",
      "fetch backward 1 from c",
      "move last in c",
      "commit",
      "fetch absolute 1 from c",
      "fetch absolute 9 from c",
      "close c",
      "fetch 1 from c",
    ),
    expect: [PLAIN_HEX, "34000"],
  },
  {
    id: "many_rows",
    title: "20 000 rows",
    steps: inOrder(
      "select n, case when n % 1000 = 0 then name end as name from generate_series(1, 20000) n, people where id = 1 order by n",
    ),
    expect: ["20000", PLAIN_HEX],
  },
  {
    id: "shapes",
    title: "No rows, no columns, counted rows",
    steps: inOrder(
      "select id, name from people where false",
      "select from people",
      "create temp table counted(id int, note text)",
      "insert into counted select n, n::text from generate_series(1, 12) n",
      "update counted set note = note || '!' where id > 4",
      "delete from counted where id < 3",
      "insert into counted values (99, 'x') returning id, note",
    ),
    expect: ["99"],
  },
  {
    id: "wide",
    title: "1 600 columns",
    steps: inOrder("select * from wide order by c1"),
    expect: [PLAIN_HEX],
  },
  {
    id: "big",
    title: "16 MB there and back, and encrypted",
    steps: [
      query("select $1::bytea as big, md5($1::bytea) as hash", {
        params: [{ hex: "7a", times: BIG_LENGTH }],
      }),
      query("select id, name from people_big"),
    ],
    expect: [new Bun.CryptoHasher("md5").update(Buffer.alloc(BIG_LENGTH, "z")).digest("hex")],
  },
];

const COPY: readonly Case[] = [
  {
    id: "copy_out",
    title: "COPY to the client",
    steps: [
      { op: "copy_out", sql: "copy (select * from strings order by id) to stdout" },
      {
        op: "copy_out",
        sql: "copy (select * from strings order by id) to stdout (format csv, header)",
      },
      ...inOrder("select 1 as one"),
    ],
    expect: ["ünï 🦊"],
  },
  {
    id: "copy_in",
    title: "COPY from the client",
    steps: [
      { op: "copy_in", table: "copied", columns: ["id", "note"], rows: copyRows(1_000) },
      ...inOrder("select count(*) as n, md5(string_agg(note, ',' order by id)) as h from copied"),
    ],
    expect: ["1000"],
  },
  {
    id: "copy_refused",
    title: "COPY that the database refuses",
    steps: [
      {
        op: "copy_in",
        table: "copied",
        columns: ["id", "note"],
        rows: [["1", "good"], ["many", "bad"], ...copyRows(50)],
        refused: true,
      },
      ...inOrder("select count(*) as n from copied"),
    ],
    expect: ["invalid input syntax for type integer"],
  },
  {
    id: "copy_binary",
    title: "COPY in binary, out and in",
    steps: [
      {
        op: "copy_through",
        out: "copy (select id, value from bytes order by id) to stdout (format binary)",
        into: "copy bytes_copied from stdin (format binary)",
      },
      ...inOrder("select * from bytes_copied order by id"),
    ],
    expect: ["2222222222222222"],
  },
];

const BESIDES: readonly Case[] = [
  {
    id: "listen",
    title: "LISTEN and NOTIFY",
    steps: [{ op: "listen", channel: "news", payload: "héllo" }],
    expect: ["héllo"],
  },
  {
    id: "cancel",
    title: "Cancel",
    steps: [
      { op: "cancel", sql: "select pg_sleep(30)" },
      query("select name from people where id = 1"),
    ],
    expect: ["canceling statement due to user request"],
  },
  {
    id: "errors",
    title: "All fields of errors",
    steps: inOrder(
      "do $$ begin raise exception using errcode = '23514', message = 'mëssage', detail = 'dëtail', " +
        "hint = 'hïnt', column = 'cölumn', constraint = 'cönstraint', datatype = 'dätatype', " +
        "table = 'täble', schema = 'schëma'; end $$",
      "insert into people values (1)",
      "select nothing frm nowhere",
      "select 'still here' as here",
    ),
    expect: ["23514", "mëssage", "still here"],
  },
  {
    id: "transaction_error",
    title: "An error inside a transaction",
    steps: inOrder(
      "begin",
      "insert into copied values (1, 'lost')",
      "select 1/0",
      "select name from people",
      "rollback",
      "select count(*) as n from copied",
    ),
    expect: ["current transaction is aborted"],
  },
  {
    id: "savepoints",
    title: "Savepoints",
    steps: inOrder(
      "begin",
      "insert into copied values (1, 'kept')",
      "savepoint one",
      "insert into copied values (2, 'lost')",
      "select 1/0",
      "rollback to savepoint one",
      "select name from people where id = 1",
      "release savepoint one",
      "commit",
      "select id, note from copied",
    ),
    expect: ["kept", PLAIN_HEX],
  },
  {
    id: "notices",
    title: "Notices",
    steps: [
      {
        op: "notices",
        sql: "do $$ begin raise notice 'nötice'; raise warning using message = 'wärning', hint = 'hïnt'; end $$",
      },
      { op: "notices", sql: "drop table if exists not_there" },
    ],
    expect: ["nötice", "wärning", "not_there"],
  },
  {
    id: "large_object",
    title: "A large object",
    steps: [{ op: "large_object", hex: "00ff5c22", times: 100_000 }],
  },
  {
    id: "ended",
    title: "A session that the database ends",
    steps: inOrder("select pg_terminate_backend(pg_backend_pid())", "select 1 as one"),
  },
];

const PROTECTED: readonly Case[] = (["text", "binary"] as const).map((format) => ({
  id: `encrypted_${format}`,
  title: `An encrypted column, ${format}`,
  steps: [query(PEOPLE, { format })],
  expect: [PLAIN_HEX],
}));

/** All cases, in the order of the table. */
export const CONTRACT: readonly Case[] = [
  ...LOGIN,
  ...TYPES,
  ...PROTOCOL,
  ...COPY,
  ...BESIDES,
  ...PROTECTED,
];
