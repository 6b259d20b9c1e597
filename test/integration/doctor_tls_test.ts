/** `acra doctor` where TLS is demanded: the database's leg, the connector's, and certificates that end. */

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLIENT_ID } from "../harness/acra.ts";
import { TestAuthority, writeCertificate } from "../harness/certificates.ts";
import { DoctorRig, only } from "../harness/doctor_rig.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { missingLinux, testUnless } from "../harness/skip.ts";

const DAYS = 90;

let rig: DoctorRig;
let database: PostgresServer;
let folder: string;

beforeAll(async () => {
  rig = await DoctorRig.start();
  folder = makeTemporaryFolder();
  const authority = await TestAuthority.create();
  writeFileSync(join(folder, "ca.pem"), authority.cert);
  const certificate = await authority.issue({ name: "CN=database", days: DAYS });
  writeCertificate(folder, "server", await authority.issue({ name: "CN=server", days: DAYS }));
  writeCertificate(folder, "ending", await authority.issue({ name: "CN=server", days: 10 }));
  database = await startPostgres({ tls: certificate });
});

afterAll(async () => {
  await rig?.stop();
  await database?.stop();
});

beforeEach(() => rig.freshen());
afterEach(() => rig.cleanUp());

const ca = () => `--tls_ca=${join(folder, "ca.pem")}`;
const certificateOf = (name: string) => [
  `--tls_cert=${join(folder, `${name}.pem`)}`,
  `--tls_key=${join(folder, `${name}.key`)}`,
];

async function checkDatabase(port: number, ...flags: string[]) {
  const target = ["--db_host=localhost", `--db_port=${port}`, "--tls_database_mode=verify-full"];
  return await rig.doctor("server", [...(await rig.serverFlags()), ...target, ...flags]);
}

test("a database with the TLS that is demanded is well", async () => {
  const { Findings, Facts } = await checkDatabase(database.port, ca());
  expect(Findings).toEqual([]);
  const facts = Facts.filter(({ Check }) => Check === "database").map(({ Fact }) => Fact);
  expect(facts[0]).toContain("with TLS");
  expect(facts[1]).toContain("TLS stands: TLSv1.3");
});

test("a database without the TLS that is demanded is found", async () => {
  const { What, Fix } = only(await checkDatabase(rig.database.port, ca()));
  expect(What).toBe("it does not speak TLS, and the settings demand that");
  expect(Fix).toContain("ssl = on");
});

test("a database whose authority nobody trusts is found", async () => {
  const { Check, What, Fix } = only(await checkDatabase(database.port));
  expect(Check).toBe("database");
  expect(What).toContain("we refuse the certificate of the database");
  expect(Fix).toContain("--tls_database_ca or --tls_ca");
});

test("a certificate that ends soon is found", async () => {
  const flags = [...certificateOf("ending"), ca()];
  const { Severity, Where, What } = only(
    await rig.doctor("server", [...(await rig.serverFlags()), ...flags]),
  );
  expect({ Severity, Where }).toEqual({
    Severity: "warning",
    Where: flags[0] ?? "",
  });
  expect(What).toMatch(/^the certificate ends in (?:9|10) days/);
});

testUnless(missingLinux, "a private key of TLS that everybody may read is found", async () => {
  const path = join(folder, "server.key");
  chmodSync(path, 0o644);
  rig.atTheEnd(() => chmodSync(path, 0o600));
  const flags = [...(await rig.serverFlags()), ...certificateOf("server"), ca()];
  const { What, Fix } = only(await rig.doctor("server", flags));
  expect(What).toBe("everybody may read this private key");
  expect(Fix).toBe(`chmod 0600 ${path}`);
});

test("a connector finds its server over TLS, and that a server does not speak it", async () => {
  const own = [...certificateOf("server"), ca()];
  const speaking = ["--acraconnector_tls_transport_enable", `--client_id=${CLIENT_ID}`];
  const server = await rig.serve(rig.keys, [...speaking, ...own]);
  const flags = async (port: number) => [
    ...(await rig.connectorFlags(port)),
    ...["--acraserver_tls_transport_enable", "--tls_acraserver_sni=localhost", ...own],
  ];
  const { Findings, Facts } = await rig.doctor("connector", await flags(server.port));
  expect(Findings).toEqual([]);
  expect(Facts.at(-1)?.Fact).toContain("TLS stands");
  const other = await rig.serve(rig.keys);
  const { Check, Fix } = only(await rig.doctor("connector", await flags(other.port)));
  expect(Check).toBe("server");
  expect(Fix).not.toBe("");
});
