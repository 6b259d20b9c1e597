/** `acra tls check` before databases, servers and stand-ins: which side refuses, why, and what to change. */

import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import tls from "node:tls";
import { acraCommand } from "../harness/acra.ts";
import { TestAuthority, writeCertificate } from "../harness/certificates.ts";
import { atTheEnd, cleanUp } from "../harness/connections.ts";
import { findFreePort } from "../harness/ports.ts";
import { startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";
import { RAW, TlsRig } from "../harness/tls_rig.ts";

let rig: TlsRig;

beforeAll(async () => {
  rig = await TlsRig.start();
}, 120_000);

afterEach(async () => {
  cleanUp();
  await rig.stopPrograms();
});

afterAll(() => rig.stop());

async function run(words: readonly string[], flags: readonly string[]) {
  const { status, stdout, stderr } = await runProcess([...acraCommand(), ...words, ...flags], {
    env: {},
    cwd: rig.folder,
    timeoutMs: 30_000,
  });
  return { status, stdout, stderr };
}

function check(port: number, ...flags: string[]) {
  return run(["tls", "check"], ["--db_host=localhost", `--db_port=${port}`, ...flags]);
}

function portWithTls(): number {
  return rig.database("with TLS").port;
}

/** A stand-in that answers an SSLRequest as PostgreSQL does, and has a TLS of its own. */
async function standIn(options: tls.TlsOptions): Promise<number> {
  const { cert, key } = rig.files("server");
  const secrets = { cert: readFileSync(cert), key: readFileSync(key), ca: readFileSync(rig.ca) };
  const secure = tls.createServer({ ...secrets, ...options }, (socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.write("R"));
  });
  secure.on("tlsClientError", () => {});
  const sockets = new Set<Socket>();
  const plain = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("S");
      secure.emit("connection", socket);
    });
  });
  const port = await findFreePort();
  await new Promise<void>((resolve) => plain.listen(port, "127.0.0.1", resolve));
  atTheEnd(() => {
    plain.close();
    for (const socket of sockets) {
      socket.destroy();
    }
  });
  return port;
}

test("good settings are two lines of ok, with what each side shows and demands", async () => {
  const { status, stdout } = await check(portWithTls(), ...rig.flags("server"));
  expect(stdout).toMatch(/^ok: database tcp:\/\/localhost:\d+\/?: TLS stands: TLSv1\.3, TLS_/m);
  expect(stdout).toContain("certificate: CN=database");
  expect(stdout).toContain("names: DNS:localhost, IP Address:127.0.0.1");
  expect(stdout).toContain("checked: authority, dates and the name localhost");
  expect(stdout).toContain("our certificate: the database did not refuse it");
  expect(stdout).toMatch(/^ok: applications: TLS stands/m);
  expect(stdout).toContain("certificate: CN=server");
  expect(stdout).toContain("its chain leads to --tls_ca");
  expect(stdout).toContain("they have to show a certificate of an authority that is trusted here");
  expect(stdout).toContain("channel binding cannot work");
  expect(stdout).toMatch(/^hint: the certificate ends in 29 days/m);
  expect(stdout).not.toContain("PRIVATE");
  expect(status).toBe(0);
});

test("the certificate of the database as our own lets channel binding work", async () => {
  const { status, stdout } = await check(portWithTls(), ...rig.flags("database"));
  expect(stdout).toContain("channel binding works");
  expect(status).toBe(0);
});

test("a wrong name, an unknown authority and a closed port say who refuses and what to set", async () => {
  const name = await check(portWithTls(), `--tls_ca=${rig.ca}`, "--tls_db_sni=db.example");
  expect(name.stdout).toMatch(
    /^error: database .*we refuse the certificate of the database: .*another name/m,
  );
  expect(name.stdout).toMatch(/^hint: .*--tls_db_sni$/m);
  expect(name.status).toBe(1);
  const authority = await check(portWithTls());
  expect(authority.stdout).toMatch(/^error: database .*we refuse the certificate.*not signed by/m);
  expect(authority.stdout).toMatch(/^hint: .*--tls_ca$/m);
  expect(authority.status).toBe(1);
  const nobody = await check(await findFreePort(), `--tls_ca=${rig.ca}`);
  expect(nobody.stdout).toMatch(/^error: database .*nobody answers there: .*refused$/m);
  expect(nobody.status).toBe(1);
});

test("a database without TLS is an error, unless TLS is turned off", async () => {
  const { port } = rig.database("without TLS");
  const refused = await check(port);
  expect(refused.stdout).toMatch(/^error: database .*does not speak TLS/m);
  expect(refused.stdout).toMatch(/^hint: .*--tls_database_mode=disable here$/m);
  expect(refused.status).toBe(1);
  expect((await check(port, "--tls_database_mode=disable")).status).toBe(0);
});

test("a database refuses the certificate of a stranger", async () => {
  const { stdout, status } = await check(portWithTls(), ...rig.flags("stranger"));
  expect(stdout).toMatch(/^error: database .*the database refuses our certificate: /m);
  expect(stdout).toMatch(/^hint: .*--tls_database_cert/m);
  expect(status).toBe(1);
});

test("a database that demands a certificate behind the handshake is heard", async () => {
  const authority = await TestAuthority.create();
  const identity = await authority.issue({ name: "CN=database" });
  const database = await startPostgres({
    tls: { ...identity, ca: authority.cert },
    hba: ["hostssl all acra_tls_check 127.0.0.1/32 cert clientcert=verify-full"],
  });
  try {
    const ca = join(rig.folder, "demanding_ca.pem");
    writeFileSync(ca, authority.cert);
    const without = await check(database.port, `--tls_ca=${ca}`);
    expect(without.stdout).toMatch(/^error: database .*the database refuses that we show no cert/m);
    expect(without.stdout).toMatch(/^hint: set --tls_database_cert/m);
    expect(without.status).toBe(1);
    const { cert, key } = writeCertificate(rig.folder, "demanded", identity);
    const own = [`--tls_cert=${cert}`, `--tls_key=${key}`];
    expect((await check(database.port, `--tls_ca=${ca}`, ...own)).status).toBe(0);
  } finally {
    await database.stop();
  }
});

test("certificates that have ended are refused on either leg", async () => {
  const authority = await TestAuthority.create();
  const ended = await authority.issue({ name: "CN=ended", days: -2 });
  const ca = join(rig.folder, "ended_ca.pem");
  writeFileSync(ca, authority.cert);
  const port = await standIn(ended);
  const database = await check(port, `--tls_ca=${ca}`);
  expect(database.stdout).toMatch(/^error: database .*we refuse .*not valid at this time/m);
  expect(database.status).toBe(1);
  const { cert, key } = writeCertificate(rig.folder, "ended", ended);
  const own = [`--tls_cert=${cert}`, `--tls_key=${key}`, `--tls_ca=${ca}`];
  const clients = await check(port, "--tls_database_mode=disable", ...own);
  expect(clients.stdout).toMatch(/^error: applications: they will refuse our certificate/m);
  expect(clients.stdout).toMatch(/^hint: the certificate has ended/m);
  expect(clients.status).toBe(1);
});

test("a side that demands a certificate, and one that is too old, are told apart", async () => {
  const demanding = await standIn({ requestCert: true, rejectUnauthorized: true });
  const without = await check(demanding, `--tls_ca=${rig.ca}`);
  expect(without.stdout).toMatch(/^error: database .*the database refuses/m);
  expect(without.stdout).toMatch(/^hint: .*--tls_database_cert/m);
  expect(without.status).toBe(1);
  expect((await check(demanding, ...rig.flags("server"))).status).toBe(0);
  const old = await check(
    await standIn({ minVersion: "TLSv1", maxVersion: "TLSv1.1" }),
    `--tls_ca=${rig.ca}`,
  );
  expect(old.stdout).toMatch(/^error: database .*we and the database cannot agree: .*version/m);
  expect(old.status).toBe(1);
});

test("half a pair, and a key that does not fit, are said before anything is dialled", async () => {
  const { cert } = rig.files("server");
  const half = await check(portWithTls(), `--tls_cert=${cert}`);
  expect(half).toMatchObject({ status: 1, stdout: "" });
  expect(half.stderr).toContain("error: --tls_cert is set without --tls_key");
  const other = `--tls_key=${rig.files("database").key}`;
  const unfit = await check(portWithTls(), `--tls_cert=${cert}`, other);
  expect(unfit).toMatchObject({ status: 1, stdout: "" });
  expect(unfit.stderr).toContain("is not the key of the certificate");
});

test("the connector's leg is tried with its own settings", async () => {
  const serverFlags = rig.flags("server", "--acraconnector_tls_transport_enable");
  const flags = [...serverFlags, `--client_id=${rig.keys.clientId}`];
  const server = await rig.serve(rig.database("with TLS"), flags);
  const checkAs = (...own: string[]) =>
    run(
      ["tls", "check-connector"],
      [
        "--acraserver_tls_transport_enable",
        "--acraserver_connection_host=localhost",
        `--acraserver_connection_port=${server.port}`,
        ...own,
      ],
    );
  const good = await checkAs(...rig.flags("application"));
  expect(good.stdout).toMatch(/^ok: server .*TLS stands: TLSv1\.3/m);
  expect(good.status).toBe(0);
  const stranger = await checkAs(...rig.flags("stranger"));
  expect(stranger.stdout).toMatch(/^error: server .*the server refuses/m);
  expect(stranger.status).toBe(1);
  const bare = await checkAs(`--tls_ca=${rig.ca}`);
  expect(bare.stdout).toMatch(/^error: server .*the server refuses/m);
  expect(bare.stdout).toMatch(/^hint: .*--tls_cert and --tls_key/m);
  await rig.stopPrograms();
  const raw = await rig.serve(rig.database("with TLS"), [
    ...RAW,
    `--client_id=${rig.keys.clientId}`,
  ]);
  const plain = await run(
    ["tls", "check-connector"],
    [
      "--acraserver_tls_transport_enable",
      "--acraserver_connection_host=localhost",
      `--acraserver_connection_port=${raw.port}`,
      `--tls_ca=${rig.ca}`,
    ],
  );
  expect(plain.stdout).toMatch(/^error: server .*the server/m);
  expect(plain.status).toBe(1);
});
