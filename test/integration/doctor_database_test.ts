/** What `acra doctor` finds inside a real database, and that it neither changes nor shows anything of it. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { makeKeys } from "../harness/acra.ts";
import { DoctorRig, only } from "../harness/doctor_rig.ts";

let rig: DoctorRig;

beforeAll(async () => {
  rig = await DoctorRig.start();
});

afterAll(() => rig.stop());
beforeEach(() => rig.freshen());
afterEach(() => rig.cleanUp());

describe("a mistake in the database", () => {
  test("is found: plaintext in a protected column, with its share", async () => {
    const open = Buffer.from("4929 1273 4096 1111");
    const cut = (rig.sealed(1)[0] ?? open).subarray(0, -1);
    const column = await rig.makeColumn([...rig.sealed(6), open, cut, null, new Uint8Array()]);
    const flags = [...(await rig.serverFlags()), `--columns=${column}`];
    const report = await rig.doctor("server", flags, rig.login());
    const { Check, Where, What, Fix } = only(report);
    expect({ Check, Where }).toEqual({ Check: `column ${column}`, Where: column });
    expect(What).toBe(
      "plaintext lies in this column: 10 rows sampled: 6 AcraStructs, 2 in plaintext (25.00 %), 1 NULL, 1 empty",
    );
    expect(JSON.stringify(report)).not.toContain("4929");
    // The statement that it proposes finds the value that is no AcraStruct at all.
    const [, statement = ""] = /`(SELECT [^`]*)`/.exec(Fix) ?? [];
    expect(await rig.sql.unsafe(statement)).toHaveLength(1);
  });

  test("is found: AcraStructs of another key", async () => {
    const others = await makeKeys();
    const column = await rig.makeColumn([
      ...rig.sealed(2),
      ...rig.sealed(1, others.storagePublicKey),
    ]);
    const flags = [...(await rig.serverFlags()), `--columns=${column}`];
    const { What, Fix } = only(await rig.doctor("server", flags, rig.login()));
    expect(What).toStartWith("1 AcraStructs open with no key of this folder");
    expect(Fix).toContain("acra keys list");
  });

  test("is found in injected cells, where text may stand around an AcraStruct", async () => {
    const around = rig.sealed(2).map((value) => Buffer.concat([Buffer.from("id-1 "), value]));
    const column = await rig.makeColumn([...around, Buffer.from("id-2 open")]);
    const flags = [...(await rig.serverFlags()), `--columns=${column}`];
    const injected = [...flags, "--acrastruct_injectedcell_enable"];
    expect(only(await rig.doctor("server", injected, rig.login())).What).toContain(
      "2 AcraStructs, 1 in plaintext",
    );
    expect(only(await rig.doctor("server", flags, rig.login())).What).toContain("3 in plaintext");
  });

  test.each(["table", "partitioned table", "table that nobody has counted"])(
    "is found in a sample of a large %s, at its very end, and nothing is changed",
    async (kind) => {
      const table = `t${crypto.randomUUID().replaceAll("-", "")}`;
      const isSplit = kind === "partitioned table";
      await rig.sql.unsafe(
        `CREATE TABLE ${table} (id int, secret bytea) ${isSplit ? "PARTITION BY RANGE (id)" : ""}`,
      );
      rig.atTheEnd(() => rig.sql.unsafe(`DROP TABLE ${table}`));
      if (isSplit) {
        await rig.sql.unsafe(
          `CREATE TABLE ${table}_a PARTITION OF ${table} FOR VALUES FROM (0) TO (9000);
           CREATE TABLE ${table}_b PARTITION OF ${table} FOR VALUES FROM (9000) TO (99999)`,
        );
      }
      const hex = Buffer.from(rig.sealed(1)[0] ?? []).toString("hex");
      await rig.sql.unsafe(
        `INSERT INTO ${table} SELECT n, decode('${hex}', 'hex') FROM generate_series(1, 20000) n;
         INSERT INTO ${table} SELECT n, 'open' FROM generate_series(20001, 20400) n`,
      );
      if (kind !== "table that nobody has counted") {
        await rig.sql.unsafe(`ANALYZE ${table}`);
      }
      const flags = [
        ...(await rig.serverFlags()),
        ...[`--columns=${table}.secret`, "--sample_rows=2000"],
      ];
      const nextTransaction = () =>
        rig.sql`SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next`;
      const [before] = await nextTransaction();
      const { What } = only(await rig.doctor("server", flags, rig.login()));
      const [, rows = "", sealed = "", open = ""] =
        /: (\d+) rows sampled of about \d+: (\d+) AcraStructs, (\d+) in plain/.exec(What) ?? [];
      expect(Number(rows)).toBeLessThanOrEqual(2000);
      expect(Number(sealed)).toBeGreaterThan(500);
      // Two in a hundred, and drawn by chance.
      expect(Number(open)).toBeGreaterThan(4);
      expect(Number(open)).toBeLessThan(120);
      expect(await nextTransaction()).toEqual([before] as never);
    },
  );

  test("is found: a column of another type, one that is not there, one that may not be read", async () => {
    const text = await rig.makeColumn([], "text");
    await rig.sql`CREATE ROLE visitor LOGIN PASSWORD 'visitor'`;
    rig.atTheEnd(() => rig.sql`DROP ROLE visitor`);
    const flags = await rig.serverFlags();
    const typed = only(await rig.doctor("server", [...flags, `--columns=${text}`], rig.login()));
    expect(typed.What).toContain("the type of the column is text");
    const none = only(
      await rig.doctor("server", [...flags, "--columns=public.none.x"], rig.login()),
    );
    expect(none.What).toContain("there is no such column");
    const string = `--connection_string=user=visitor password=visitor dbname=${rig.database.database}`;
    const refused = await rig.doctor("server", [...flags, string, `--columns=${text}`]);
    expect(only(refused).What).toContain("permission denied for table");
    expect(JSON.stringify(refused)).not.toContain("password=visitor");
  });

  test.each(["text", "int"])("is found: plaintext in a column of type %s", async (type) => {
    const column = await rig.makeColumn([], type);
    const [table = ""] = column.split(".");
    await rig.sql`INSERT INTO ${rig.sql(table)} (secret) VALUES (${7})`;
    const flags = [...(await rig.serverFlags()), `--columns=${column}`];
    const { Findings } = await rig.doctor("server", flags, rig.login());
    const found = Findings.find(({ What }) => What.startsWith("plaintext lies in this column"));
    const [, statement = ""] = /`(SELECT [^`]*)`/.exec(found?.Fix ?? "") ?? [];
    expect(await rig.sql.unsafe(statement)).toHaveLength(1);
  });

  test("is told of as far as it was seen, when the database throws the doctor out", async () => {
    await rig.sql.unsafe(`
      CREATE ROLE guest LOGIN PASSWORD 'guest';
      CREATE VIEW slow AS SELECT ''::bytea AS secret FROM pg_sleep(20);
      GRANT SELECT ON slow TO guest`);
    rig.atTheEnd(() => rig.sql.unsafe("DROP VIEW slow; DROP ROLE guest"));
    const string = `--connection_string=user=guest password=guest dbname=${rig.database.database}`;
    const columns = "--columns=slow.secret,slow.secret";
    const looking = rig.doctor("server", [...(await rig.serverFlags()), string, columns]);
    for (let ended = 0; ended === 0; ) {
      await Bun.sleep(50);
      const { count } = await rig.sql`
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE usename = 'guest' AND wait_event = 'PgSleep'`;
      ended = count;
    }
    const { Facts, Findings } = await looking;
    expect(Facts.map(({ Check }) => Check)).toContain("bytea_output");
    expect(Findings.map(({ What }) => What)).toEqual([
      expect.stringMatching(
        /^the database refuses: .*(?:CONNECTION_CLOSED|terminating connection)/,
      ),
      expect.stringContaining("the database refuses: the connection was lost before"),
    ]);
  });

  test("is found: a login that is refused", async () => {
    const env = { ...rig.login().env, PGPASSWORD: "not-the-password" };
    const report = await rig.doctor("server", await rig.serverFlags(), { env });
    expect(only(report).What).toContain("no login to the database: password authentication failed");
    expect(JSON.stringify(report)).not.toContain("not-the-password");
  });

  test("is found: bytea_output that is not what the server expects", async () => {
    const flags = await rig.serverFlags();
    const escaped = only(
      await rig.doctor("server", [...flags, "--pgsql_escape_bytea"], rig.login()),
    );
    expect(escaped).toMatchObject({ Check: "bytea_output", Severity: "error" });
    expect(escaped.What).toContain("in the form hex, and the server expects escape");
    await rig.sql`CREATE ROLE shop LOGIN`;
    await rig.sql`ALTER ROLE shop SET bytea_output = escape`;
    rig.atTheEnd(() => rig.sql`DROP ROLE shop`);
    const role = only(await rig.doctor("server", flags, rig.login()));
    expect(role.Where).toBe("ALTER ROLE shop SET bytea_output");
    expect(role.Fix).toContain("`ALTER ROLE shop SET bytea_output = hex;`");
  });

  test("is found: fewer connections than the server is told to let in", async () => {
    const flags = [...(await rig.serverFlags()), "--incoming_connection_limit=500"];
    const { Severity, Check, What } = only(await rig.doctor("server", flags, rig.login()));
    expect({ Severity, Check }).toEqual({ Severity: "warning", Check: "max_connections" });
    expect(What).toBe("the database lets in no more than 197");
  });

  test("of another address than the server's is looked into, and that is said", async () => {
    const { port, user, password, database } = rig.database;
    const string = `--connection_string=host=localhost port=${port} user=${user} dbname=${database}`;
    const env = { PGPASSWORD: password };
    const { Findings, Notes } = await rig.doctor("server", [...(await rig.serverFlags()), string], {
      env,
    });
    expect(Findings).toEqual([]);
    expect(Notes.join()).toContain(`localhost:${port}, while the server uses 127.0.0.1:${port}`);
  });

  test("cannot be made worse: what would write is refused", async () => {
    await rig.sql.unsafe(`
      CREATE TABLE written (at timestamptz);
      CREATE FUNCTION write() RETURNS bytea LANGUAGE sql VOLATILE
        AS 'INSERT INTO written VALUES (now()); SELECT ''x''::bytea';
      CREATE VIEW trap AS SELECT write() AS secret`);
    rig.atTheEnd(() => rig.sql.unsafe("DROP VIEW trap; DROP FUNCTION write; DROP TABLE written"));
    const flags = [...(await rig.serverFlags()), "--columns=trap.secret"];
    expect(only(await rig.doctor("server", flags, rig.login())).What).toContain(
      "cannot execute INSERT in a read-only transaction",
    );
    expect(await rig.sql`SELECT * FROM written`).toHaveLength(0);
  });
});
