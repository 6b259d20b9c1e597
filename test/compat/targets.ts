/**
 * What the drivers speak with: a PostgreSQL with two databases made alike, save that the second
 * holds AcraStructs where the first holds plaintext; and acra before it, with and without connector.
 */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { TestAuthority, writeCertificate } from "../harness/certificates.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { BIG_LENGTH, MOST_COLUMNS, PLAINTEXT } from "./contract.ts";

/** What one run of a driver speaks with. */
export interface Target {
  readonly name: string;
  readonly port: number;
  /** Whose copy the run gets. */
  readonly template: "plain" | "sealed";
  /** How the driver connects, where a case does not say. */
  readonly sslmode: "disable" | "require";
}

/** The database itself, and acra before it, where a driver connects in the same way. */
export interface Comparand {
  readonly direct: Target;
  readonly throughAcra: readonly Target[];
}

/** Everything that runs while drivers are compared. */
export interface Bench {
  /** Without TLS, save where a case asks for it. */
  readonly plain: Comparand;
  /** All in TLS. */
  readonly tls: Comparand;
  readonly password: string;
  /** File of the authority that signed the certificate of the database, and of acra. */
  readonly authorityFile: string;
  /** Makes the database `contract` anew from a template. */
  refresh(template: Target["template"]): Promise<void>;
  stop(): Promise<void>;
}

/** Name of the database that drivers connect to; always the same, since answers may tell it. */
export const DATABASE = "contract";

const TABLES = `
  create table people(id int primary key, name bytea, note text);
  create table people_big(id int primary key, name bytea);
  create table changing(id int primary key, note text);
  insert into changing values (1, 'one');
  create table copied(id int, note text);
  create table numbers(id int primary key, small int2, normal int4, big int8, single float4,
    double float8, exact numeric, yes bool);
  insert into numbers values (1, -32768, -2147483648, -9223372036854775808, 1.5, -2.5e300, -12345678901234567890.123456789, true),
    (3, 0, 0, 0, 0, 0, 0, false), (4, 32767, 2147483647, 9223372036854775807, 'Infinity', 'NaN', 'NaN', true);
  create table strings(id int primary key, plain text, varying varchar(40), fixed char(8), tiny "char", label name);
  insert into strings values (1, 'ünï 🦊', 'Grüße', 'ab', 'x', 'lábel'), (3, '', '', '', '', ''),
    (4, E'tab\\t new\\nline \\\\ "quoted" ''single'' {brace} %s $1', E'\\\\x41', '\\N', '"', 'Mixed Case');
  create table times(id int primary key, day date, clock time, clock_zone timetz, moment timestamp, instant timestamptz, span interval);
  insert into times values (1, '2024-02-29', '23:59:59.999999', '12:34:56+05:30', '2024-02-29 12:00:00.123456', '2024-02-29 12:00:00.123456+02', '1 year 2 months 3 days 04:05:06.789'),
    (3, '1970-01-01', '00:00', '00:00+00', '1970-01-01 00:00', '1970-01-01 00:00+00', '0'),
    (4, '9999-12-31', '12:00', '00:00-08', '0001-01-01 00:00', '9999-12-31 23:00+00', '-1 day');
  create table bytes(id int primary key, value bytea);
  insert into bytes select 1, string_agg(decode(lpad(to_hex(n), 2, '0'), 'hex'), '' order by n) from generate_series(0, 255) n;
  insert into bytes values (2, null), (3, ''), (4, '\\\\x4142'),
    -- Begins like an AcraStruct, and is none.
    (5, '\\x2222222222222222' || decode(repeat('41', 200), 'hex')), (6, '\\x2222222222222222');
  create table bytes_copied(id int, value bytea);
  create type mood as enum ('sad', 'glücklich');
  create type pair as (first int, second text);
  create table structured(id int primary key, flags bit(8), tags text[], grid int[][], document json,
    binary_document jsonb, key uuid, address inet, span int4range, both_ pair, feeling mood, blobs bytea[]);
  insert into structured values (1, '10101010', '{a,NULL,"b c",""}', '{{1,2},{3,NULL}}', '{"a": [1, null, "ü"]}',
    '{"b": {"c": true}}', '00112233-4455-6677-8899-aabbccddeeff', '10.1.2.3/24', '[1,10)', '(7,"x y")', 'glücklich',
    array['\\x00ff'::bytea, null, '']), (3, '00000000', '{}', '{}', '[]', '""',
    '00000000-0000-0000-0000-000000000000', '::1', 'empty', '(,)', 'sad', '{}');
  insert into numbers(id) values (2);
  insert into strings(id) values (2);
  insert into times(id) values (2);
  insert into structured(id) values (2);
`;

/** Starts it all. */
export async function startBench(): Promise<Bench> {
  const authority = await TestAuthority.create();
  const certificate = await authority.issue({ name: "CN=localhost" });
  const [keys, database] = await Promise.all([
    makeKeys(),
    startPostgres({ tls: { ...certificate, ca: authority.cert } }),
  ]);
  await makeTemplates(database, keys);
  const folder = makeTemporaryFolder();
  const authorityFile = join(folder, "authority.pem");
  writeFileSync(authorityFile, authority.cert);
  // SCRAM with channel binding wants the certificate of the database itself.
  const own = writeCertificate(folder, "own", certificate);
  const tls = [
    `--tls_cert=${own.cert}`,
    `--tls_key=${own.key}`,
    `--tls_ca=${authorityFile}`,
    "--tls_auth=0",
  ];
  const raw = await startAcraServer(database, {
    keys,
    flags: [...tls, "--acraconnector_transport_encryption_disable", `--client_id=${keys.clientId}`],
  });
  const session = await startAcraServer(database, { keys, flags: tls });
  const connector = await startAcraConnector(session, { keys });
  const admin = postgres(database.url(), { max: 1, onnotice: () => {} });
  const direct: Target = {
    name: "direct",
    port: database.port,
    template: "plain",
    sslmode: "disable",
  };
  const throughRaw = throughPort("server (raw)", raw);
  return {
    plain: {
      direct,
      throughAcra: [throughRaw, throughPort("connector and server (Secure Session)", connector)],
    },
    tls: {
      direct: { ...direct, name: "direct in TLS", sslmode: "require" },
      throughAcra: [{ ...throughRaw, name: "server (raw) in TLS", sslmode: "require" }],
    },
    password: database.password,
    authorityFile,
    async refresh(template) {
      await admin.unsafe(`drop database if exists ${DATABASE} with (force)`);
      await admin.unsafe(`create database ${DATABASE} template ${template}`);
    },
    async stop() {
      await admin.end();
      for (const part of [connector, session, raw, database]) {
        await part.stop();
      }
    },
  };
}

function throughPort(name: string, { port }: AcraProcess): Target {
  return { name, port, template: "sealed", sslmode: "disable" };
}

async function makeTemplates(database: PostgresServer, keys: AcraKeys): Promise<void> {
  const admin = postgres(database.url(), { max: 1 });
  await admin.unsafe("create database plain");
  await fill(database, "plain", (bytes) => bytes, TABLES);
  await admin.unsafe("create database sealed template plain");
  await fill(database, "sealed", (bytes) => createAcrastruct(bytes, keys.storagePublicKey));
  await admin.end();
}

/** Fills the columns that acra opens. */
async function fill(
  database: PostgresServer,
  name: string,
  seal: (bytes: Uint8Array) => Uint8Array,
  tables?: string,
): Promise<void> {
  const sql = postgres(database.url({ database: name }), { max: 1, onnotice: () => {} });
  const columns = Array.from({ length: MOST_COLUMNS - 1 }, (_, index) => `c${index + 1}`);
  if (tables !== undefined) {
    await sql.unsafe(tables).simple();
    await sql.unsafe(
      `create table wide(${columns.map((column) => `${column} int2`)}, sealed bytea)`,
    );
    await sql.unsafe("insert into wide(c1) values (2), (3)");
  }
  const cell = Buffer.from(seal(PLAINTEXT));
  await sql`delete from people`;
  await sql`insert into people values (1, ${cell}, 'one'), (2, null, null),
    (3, ${Buffer.alloc(0)}, '')`;
  const big = Buffer.from(seal(Buffer.alloc(BIG_LENGTH, "big value ")));
  await sql`delete from people_big`;
  await sql`insert into people_big values (1, ${big})`;
  await sql`delete from wide where c1 = 1`;
  const values = columns.map((_, index) => index + 1);
  await sql.unsafe(`insert into wide values (${values}, $1)`, [cell]);
  await sql.end();
}
