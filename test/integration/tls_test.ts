/**
 * TLS inside the database protocol with the real programs, a real PostgreSQL and psql: which
 * combination of modes works, and with which words the others are refused. None may hang.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { startupMessage } from "../harness/pg_peers.ts";
import { missingProgram, testUnless } from "../harness/skip.ts";
import { OPENED, RAW, TlsRig } from "../harness/tls_rig.ts";

const NO_PSQL = missingProgram("psql");
const MODES = ["disable", "prefer", "require", "verify-full"] as const;

let rig: TlsRig;

beforeAll(async () => {
  rig = await TlsRig.start();
});

afterEach(() => rig.stopPrograms());

afterAll(() => rig.stop());

describe("TLS inside the database protocol", () => {
  /** With the certificate of the database, so that SCRAM can bind to it. */
  const EXPECTED: Readonly<Record<string, readonly string[]>> = {
    "with TLS": ["f", "t", "t", "t"],
    "without TLS": [
      "f",
      "f",
      "server does not support SSL, but SSL was required",
      "server does not support SSL, but SSL was required",
    ],
  };

  for (const kind of ["with TLS", "without TLS"]) {
    for (const path of ["raw", "connector"]) {
      testUnless(
        NO_PSQL,
        `to a database ${kind}, ${path}: each mode and login works or is refused`,
        async () => {
          const database = rig.database(kind);
          const flags = rig.flags("database", "--tls_auth=0");
          const server = await rig.serve(
            database,
            path === "raw" ? [...flags, ...RAW, `--client_id=${rig.keys.clientId}`] : flags,
          );
          const { port } = path === "raw" ? server : await rig.connectTo(server);
          for (const user of [database.user, "password_user"]) {
            for (const [index, sslmode] of MODES.entries()) {
              const answer = await rig.ask(database, { port, sslmode, user });
              expect([user, sslmode, answer]).toEqual([
                user,
                sslmode,
                expect.stringContaining(EXPECTED[kind]?.[index] ?? ""),
              ]);
              if (!answer.startsWith("refused")) {
                const note = await rig.ask(
                  database,
                  { port, sslmode, user },
                  "SELECT note FROM notes",
                );
                expect(note).toBe(OPENED);
              }
            }
          }
        },
      );
    }
  }

  testUnless(
    NO_PSQL,
    "lets the database know the server by its certificate, whoever asks",
    async () => {
      const database = rig.database("with TLS");
      const { cert, key } = rig.files("certificate_user");
      const own = [`--tls_database_cert=${cert}`, `--tls_database_key=${key}`];
      for (const path of ["raw", "connector"]) {
        const flags = rig.flags("server", "--tls_auth=0", ...own);
        const server = await rig.serve(
          database,
          path === "raw" ? [...flags, ...RAW, `--client_id=${rig.keys.clientId}`] : flags,
        );
        const { port } = path === "raw" ? server : await rig.connectTo(server);
        const user = "certificate_user";
        const answers = [];
        for (const sslmode of MODES) {
          answers.push(await rig.ask(database, { port, sslmode, user }));
        }
        expect([path, ...answers]).toEqual([
          path,
          expect.stringContaining("pg_hba.conf rejects connection"),
          "t",
          "t",
          "t",
        ]);
        await rig.stopPrograms();
      }
    },
  );

  testUnless(
    NO_PSQL,
    "explains why channel binding fails with a certificate of its own",
    async () => {
      const database = rig.database("with TLS");
      const flags = [
        ...RAW,
        `--client_id=${rig.keys.clientId}`,
        ...rig.flags("server", "--tls_auth=0"),
      ];
      const { port, process } = await rig.serve(database, flags);
      const bound = await rig.ask(database, { port, sslmode: "require" });
      expect(bound).toContain("channel binding is not possible");
      expect(bound).toContain("channel_binding=disable");
      const more = "channel_binding=disable";
      expect(await rig.ask(database, { port, sslmode: "verify-full", more })).toBe("t");
      expect(await rig.ask(database, { port, sslmode: "require", user: "password_user" })).toBe(
        "t",
      );
      await process.stderr.waitFor("A client chose channel binding, which cannot work");
    },
  );

  testUnless(NO_PSQL, "demands the certificates that tls_auth says", async () => {
    const database = rig.database("without TLS");
    const flags = [...RAW, `--client_id=${rig.keys.clientId}`, "--tls_database_mode=disable"];
    const { port, process } = await rig.serve(database, [...flags, ...rig.flags("server")]);
    const more = rig.showing("application");
    expect(await rig.ask(database, { port, sslmode: "verify-full", more })).toBe("f");
    expect(await rig.ask(database, { port, sslmode: "require" })).toMatch(
      /refused: .*certificate/s,
    );
    await process.stderr.waitFor("the peer showed no certificate");
  });

  testUnless(NO_PSQL, "is said no to without a certificate, with a line in the log", async () => {
    const database = rig.database("with TLS");
    const { port, process } = await rig.serve(database, [
      ...RAW,
      "-v",
      `--client_id=${rig.keys.clientId}`,
    ]);
    expect(await rig.ask(database, { port, sslmode: "prefer" })).toBe("f");
    expect(await rig.ask(database, { port, sslmode: "require" })).toContain("does not support SSL");
    await process.stderr.waitFor(
      "To support TLS connections you must pass TLS key and certificate",
    );
  });
});

describe("Policies", () => {
  testUnless(NO_PSQL, "tls_database_mode decides for the database's leg alone", async () => {
    const raw = [...RAW, `--client_id=${rig.keys.clientId}`];
    for (const [kind, mode, expected] of [
      ["with TLS", "disable", "f"],
      ["with TLS", "require", "t"],
      ["with TLS", "verify-ca", "t"],
      ["with TLS", "verify-full", "t"],
      ["without TLS", "disable", "f"],
      ["without TLS", "require", "the database does not offer TLS, which is asked for here"],
      ["without TLS", "verify-full", "the database does not offer TLS, which is asked for here"],
    ] as const) {
      const database = rig.database(kind);
      const ca = `--tls_database_ca=${rig.ca}`;
      const { port } = await rig.serve(database, [...raw, ca, `--tls_database_mode=${mode}`]);
      const answer = await rig.ask(database, { port, sslmode: "disable" });
      expect([kind, mode, answer]).toEqual([kind, mode, expect.stringContaining(expected)]);
      await rig.stopPrograms();
    }
  });

  testUnless(
    NO_PSQL,
    "verify-full compares the name, and neither mode trusts a stranger",
    async () => {
      const database = rig.database("with TLS");
      const raw = [...RAW, `--client_id=${rig.keys.clientId}`];
      const ca = `--tls_database_ca=${rig.ca}`;
      const other = "--tls_db_sni=other.example";
      for (const [flags, expected] of [
        [[ca, other, "--tls_database_mode=verify-full"], "could not set up TLS with the database"],
        [[ca, other, "--tls_database_mode=verify-ca"], "t"],
        [["--tls_database_mode=verify-ca"], "could not set up TLS with the database"],
        [["--tls_database_mode=require"], "t"],
      ] as const) {
        const { port, process } = await rig.serve(database, [...raw, ...flags]);
        expect(await rig.ask(database, { port, sslmode: "disable" })).toContain(expected);
        if (expected !== "t") {
          await process.stderr.waitFor(/Can't set up TLS with the database/);
        }
        await rig.stopPrograms();
      }
    },
  );

  testUnless(NO_PSQL, "tls_client_required refuses applications in plaintext", async () => {
    const database = rig.database("without TLS");
    const flags = [...RAW, `--client_id=${rig.keys.clientId}`, "--tls_database_mode=disable"];
    const { port } = await rig.serve(database, [
      ...flags,
      ...rig.flags("server", "--tls_auth=0", "--tls_client_required"),
    ]);
    expect(await rig.ask(database, { port, sslmode: "disable" })).toContain(
      "this server accepts encrypted connections only",
    );
    expect(await rig.ask(database, { port, sslmode: "verify-full" })).toBe("f");
  });

  testUnless(
    NO_PSQL,
    "the server shows its own certificate to a database that asks for one",
    async () => {
      const database = rig.database("with TLS");
      const { cert, key } = rig.files("certificate_user");
      const { port } = await rig.serve(database, [
        ...RAW,
        `--client_id=${rig.keys.clientId}`,
        ...rig.flags("server", "--tls_auth=0", "--tls_database_mode=verify-full"),
        `--tls_database_cert=${cert}`,
        `--tls_database_key=${key}`,
      ]);
      const query = "SELECT client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
      expect(await rig.ask(database, { port, sslmode: "disable" }, query)).toBe(
        "/CN=certificate_user",
      );
    },
  );

  testUnless(
    NO_PSQL,
    "TLS that nobody asked for works with clients and databases that know it",
    async () => {
      const database = rig.database("with TLS");
      const { port } = await rig.serve(database, [
        ...RAW,
        `--client_id=${rig.keys.clientId}`,
        ...rig.flags("database", "--tls_auth=0", "--tls_database_mode=verify-full"),
        "--tls_database_direct",
      ]);
      expect(await rig.ask(database, { port, sslmode: "disable" })).toBe("t");
    },
  );
});

test("an application that begins with TLS, without asking for it, is served", async () => {
  const database = rig.database("with TLS");
  const flags = [
    ...RAW,
    `--client_id=${rig.keys.clientId}`,
    ...rig.flags("database", "--tls_auth=0"),
  ];
  const { port } = await rig.serve(database, flags);
  const ca = readFileSync(rig.ca, "utf8");
  const begin = (protocols: string[]) =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: "localhost", port, ca, ALPNProtocols: protocols });
      socket.once("secureConnect", () => socket.write(startupMessage({ user: database.user })));
      socket.once("data", (bytes: Buffer) => {
        resolve(bytes.toString("latin1", 0, 1));
        socket.destroy();
      });
      socket.once("error", () => resolve("refused"));
      socket.once("close", () => resolve("refused"));
    });
  expect(await begin(["postgresql"])).toBe("R");
  expect(await begin(["http/1.1"])).toBe("refused");
  expect(await begin([])).toBe("refused");
});

test("a file that has become unreadable at a reload changes nothing for new sessions", async () => {
  const copy = join(rig.folder, "changing.pem");
  copyFileSync(rig.files("server").cert, copy);
  const { key } = rig.files("server");
  const server = await rig.serve(rig.database("without TLS"), [
    ...RAW,
    `--client_id=${rig.keys.clientId}`,
    `--tls_cert=${copy}`,
    `--tls_key=${key}`,
  ]);
  writeFileSync(copy, "no certificate");
  server.process.signal("SIGHUP");
  await server.process.stderr.waitFor("Can't use the new configuration");
  expect(server.process.running).toBe(true);
});
