/** TLS between connector and server, and client ids out of certificates, with the real programs. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { join } from "node:path";
import postgres from "postgres";
import { createAcrastruct } from "../../src/writer/mod.ts";
import { runAcra } from "../harness/acra.ts";
import { missingProgram, testUnless } from "../harness/skip.ts";
import { OPENED, RAW, TlsRig } from "../harness/tls_rig.ts";

const NO_PSQL = missingProgram("psql");

let rig: TlsRig;

beforeAll(async () => {
  rig = await TlsRig.start();
});

afterEach(() => rig.stopPrograms());

afterAll(() => rig.stop());

describe("TLS transport", () => {
  const TRANSPORT = ["--acraconnector_tls_transport_enable"];

  function connectorFlags(name: string | null, ...more: string[]): string[] {
    const identity = name === null ? [`--tls_ca=${rig.ca}`] : rig.flags(name);
    return [
      "--acraserver_tls_transport_enable",
      "--tls_acraserver_sni=localhost",
      ...identity,
      ...more,
    ];
  }

  testUnless(
    NO_PSQL,
    "carries sessions between connector and server, protected rows too",
    async () => {
      const database = rig.database("with TLS");
      const flags = [...TRANSPORT, `--client_id=${rig.keys.clientId}`, ...rig.flags("database")];
      const { port } = await rig.connectTo(
        await rig.serve(database, flags),
        connectorFlags("application"),
      );
      expect(await rig.ask(database, { port, sslmode: "disable" })).toBe("f");
      // TLS of the protocol inside TLS of the transport.
      const more = rig.showing("application");
      expect(await rig.ask(database, { port, sslmode: "verify-full", more })).toBe("t");
      const note = await rig.ask(database, { port, sslmode: "disable" }, "SELECT note FROM notes");
      expect(note).toBe(OPENED);
    },
  );

  testUnless(
    NO_PSQL,
    "refuses who shows no certificate, a stranger's, or is not who was expected",
    async () => {
      const database = rig.database("without TLS");
      for (const [server, client, teller, complaint] of [
        ["server", null, "connector", /refuses our certificate, or that we showed none/],
        ["server", "stranger", "server", /not signed by an authority that is trusted/],
        ["stranger", "application", "connector", /not signed by an authority that is trusted/],
        ["elsewhere", "application", "connector", /is for another name/],
      ] as const) {
        const flags = [...TRANSPORT, `--client_id=${rig.keys.clientId}`, ...rig.flags(server)];
        const programs = { server: await rig.serve(database, flags) };
        const connector = await rig.connectTo(programs.server, connectorFlags(client));
        const answer = await rig.ask(database, { port: connector.port, sslmode: "disable" });
        expect([server, client, answer]).toEqual([
          server,
          client,
          expect.stringContaining("refused"),
        ]);
        await { ...programs, connector }[teller].process.stderr.waitFor(complaint);
        await rig.stopPrograms();
      }
    },
  );

  testUnless(
    NO_PSQL,
    "takes the client id from the certificate where that is asked for",
    async () => {
      const database = rig.database("without TLS");
      const id = createHash("sha512").update("CN=application").digest("hex");
      await runAcra(
        ["keys", "gen", `--client-id=${id}`, `--keys-dir=${rig.keys.serverFolder}`],
        rig.keys,
      );
      const publicKey = await Bun.file(join(rig.keys.serverFolder, `${id}_storage.pub`)).bytes();
      const sql = postgres(database.url(), { max: 1 });
      await sql`INSERT INTO notes VALUES (${createAcrastruct("for the certificate", publicKey)})`;
      await sql.end();
      const query = "SELECT note FROM notes ORDER BY length(note)";
      const flags = [...rig.flags("server"), "--tls_client_id_from_cert"];
      const direct = await rig.serve(database, [...RAW, "--tls_database_mode=disable", ...flags]);
      const more = rig.showing("application");
      const opened = `\\x${Buffer.from("for the certificate").toString("hex")}`;
      const answer = await rig.ask(
        database,
        { port: direct.port, sslmode: "verify-full", more },
        query,
      );
      expect(answer.split("\n")).toContain(opened);
      expect(answer.split("\n").filter((line) => line.startsWith("\\x2222"))).toHaveLength(1);
      const server = await rig.serve(database, [...TRANSPORT, ...flags]);
      const { port } = await rig.connectTo(server, connectorFlags("application"));
      const carried = await rig.ask(database, { port, sslmode: "disable" }, query);
      expect(carried.split("\n")).toContain(opened);
    },
  );

  testUnless(
    NO_PSQL,
    "opens nothing for a client without an id, and serves it all the same",
    async () => {
      const database = rig.database("without TLS");
      const server = await rig.serve(database, [...TRANSPORT, ...rig.flags("server")]);
      const { port } = await rig.connectTo(server, connectorFlags("application"));
      const note = await rig.ask(database, { port, sslmode: "disable" }, "SELECT note FROM notes");
      expect(note).toMatch(/^\\x2222222222222222/);
    },
  );

  test("does not take a client id from a certificate that is not checked", async () => {
    const { cert, key } = rig.files("server");
    for (const auth of [0, 1, 2]) {
      const flags = [`--tls_cert=${cert}`, `--tls_key=${key}`, `--tls_auth=${auth}`];
      const failure = runAcra(
        ["server", "--db_host=x", ...TRANSPORT, ...flags, "--tls_client_id_from_cert"],
        rig.keys,
      );
      await expect(failure).rejects.toThrow("needs certificates that were checked");
    }
  });
});
