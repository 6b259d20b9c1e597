/** `acra doctor` on hosts with one mistake each: real key folders, servers, ports and a real PostgreSQL. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  acraCommand,
  CLIENT_ID,
  makeKeys,
  makePoisonRecord,
  startAcraConnector,
} from "../harness/acra.ts";
import { DoctorRig, only } from "../harness/doctor_rig.ts";
import { findFreePort, waitForListener } from "../harness/ports.ts";
import { runProcess, startProcess } from "../harness/process.ts";
import { missingLinux, missingPythonModule, PYTHON, testUnless } from "../harness/skip.ts";

const missingPython = missingLinux ?? missingPythonModule("socket");

let rig: DoctorRig;

beforeAll(async () => {
  rig = await DoctorRig.start();
});

afterAll(() => rig.stop());
beforeEach(() => rig.freshen());
afterEach(() => rig.cleanUp());

describe("a host without a mistake", () => {
  test("of a server has no finding, before it runs and while it runs", async () => {
    const column = await rig.makeColumn([
      ...rig.sealed(3),
      await makePoisonRecord(rig.original),
      null,
    ]);
    const flags = [...(await rig.serverFlags()), `--columns=${column}`];
    const before = await rig.doctor("server", flags, rig.login());
    expect(before).toMatchObject({ Host: "server", OK: true, Findings: [] });
    expect(before.Facts.map(({ Check }) => Check)).toEqual([
      "settings",
      "master key",
      "keys",
      "poison records",
      "transport",
      "listening",
      "limits",
      "database",
      "bytea_output",
      "clock",
      "max_connections",
      `column ${column}`,
    ]);
    expect(before.Facts.at(-1)?.Fact).toBe(
      "5 rows sampled: 4 AcraStructs, 0 in plaintext (0 %), 1 NULL, 0 empty",
    );
    const server = await rig.serve(rig.keys);
    const string = `--incoming_connection_string=tcp://127.0.0.1:${server.port}/`;
    const running = await rig.doctor("server", [...flags, string, "--running"], rig.login());
    expect(running.Findings).toEqual([]);
    expect(running.Facts.find(({ Check }) => Check === "listening")?.Fact).toContain(
      `acra server listens on tcp://127.0.0.1:${server.port}/ (process ${server.process.pid})`,
    );
  });

  test("of a connector has no finding: both sides prove themselves to each other", async () => {
    const server = await rig.serve(rig.keys);
    const connector = await startAcraConnector(server, { keys: rig.keys });
    rig.atTheEnd(() => connector.stop());
    const string = `--incoming_connection_string=tcp://127.0.0.1:${connector.port}/`;
    const flags = [...(await rig.connectorFlags(server.port)), string, "--running"];
    const report = await rig.doctor("connector", flags);
    expect(report).toMatchObject({ Host: "connector", OK: true, Findings: [] });
    expect(report.Facts.at(-1)?.Fact).toContain("prove themselves to each other");
  });

  test("is told as text, one line for what is well, with a verdict", async () => {
    const flags = await rig.serverFlags();
    const { status, stdout } = await runProcess(
      [...acraCommand(), "doctor", "server", ...flags, "--poison_run_script_file=/none"],
      { cwd: "/", env: { ACRA_MASTER_KEY: rig.keys.masterKey, PGUSER: "" } },
    );
    expect(status).toBe(1);
    expect(stdout).toMatch(/^ok: keys: .*acra-server, for the server: 4 keys$/m);
    expect(stdout).toMatch(
      /^error: poison records: --poison_run_script_file=\/none: there is no such file\n {2}fix: /m,
    );
    expect(stdout).toMatch(/^note: bytea_output and columns were not looked at: /m);
    expect(stdout).toEndWith("\n\nthe server's host: 1 error");
  });
});

describe("a mistake with keys", () => {
  testUnless(missingLinux, "is found: a key folder that others may enter", async () => {
    chmodSync(rig.keys.serverFolder, 0o755);
    const { Where, What, Fix } = only(await rig.doctor("server", await rig.serverFlags()));
    expect(Where).toBe(rig.keys.serverFolder);
    expect(What).toBe("the mode of the folder is 0755 and has to be exactly 0700");
    expect(Fix).toBe(`chmod 0700 ${rig.keys.serverFolder}`);
  });

  testUnless(missingLinux, "is found: a private key file that others may read", async () => {
    const file = join(rig.keys.serverFolder, `${CLIENT_ID}_storage`);
    chmodSync(file, 0o644);
    const { Where, What, Fix } = only(await rig.doctor("server", await rig.serverFlags()));
    expect(Where).toBe(file);
    expect(What).toContain("the mode of this private key is 0644");
    expect(Fix).toStartWith(`chmod 0600 ${file};`);
  });

  test("is found: another master key", async () => {
    const masterKey = Buffer.alloc(32, 7).toString("base64");
    const report = await rig.doctor("server", await rig.serverFlags(), { masterKey });
    const { Check, What, Fix } = only(report);
    expect(Check).toBe("keys");
    expect(What).toBe(
      "ACRA_MASTER_KEY is not the one that these keys were made with: it opens none of 3",
    );
    expect(Fix).toStartWith("set the master key that was used when they were made");
  });

  test("is found: no master key, and one that is none", async () => {
    const flags = await rig.serverFlags();
    const missing = only(await rig.doctor("server", flags, { masterKey: "" }));
    expect(missing.What).toBe("it is not set: no private key can be opened");
    expect(missing.Fix).toContain("export ACRA_MASTER_KEY=$(base64 -w0 FILE)");
    const wrong = only(await rig.doctor("server", flags, { masterKey: "AAAA" }));
    expect(wrong.What).toContain("32 length");
    expect(wrong.Fix).toContain("base64 -w0 FILE");
  });

  test.each([
    ["server", "server", `${CLIENT_ID}_server`, "bring it back from a copy"],
    ["server", "server", `${CLIENT_ID}_storage`, "bring it back from a copy"],
    ["server", "server", `${CLIENT_ID}.pub`, "copy the .pub file from the connector's folder"],
    ["connector", "connector", CLIENT_ID, "bring it back from a copy"],
    ["connector", "connector", `${CLIENT_ID}_server.pub`, "copy the .pub file from the server's"],
  ])("is found: a %s's folder (acra-%s) without %s", async (host, holder, name, fix) => {
    const file = join(rig.keys.folder, `acra-${holder}`, name);
    expect(existsSync(file)).toBe(true);
    rmSync(file);
    const server = await rig.serve(rig.original);
    const flags =
      host === "server" ? await rig.serverFlags() : await rig.connectorFlags(server.port);
    const { Where, What, Fix } = only(await rig.doctor(host, flags));
    expect(Where).toBe(file);
    expect(What).toContain("is missing");
    expect(Fix).toStartWith(fix);
  });

  test("is found: half of the poison key pair", async () => {
    rmSync(join(rig.keys.serverFolder, ".poison_key/poison_key.pub"));
    const { Where, What } = only(await rig.doctor("server", await rig.serverFlags()));
    expect(Where).toEndWith(".poison_key/poison_key.pub");
    expect(What).toContain("half of the poison key pair is missing");
  });

  test("is found: poison records are looked for, and there is no poison key", async () => {
    rmSync(join(rig.keys.serverFolder, ".poison_key"), { recursive: true });
    const flags = await rig.serverFlags();
    const { Severity, What, Fix } = only(await rig.doctor("server", flags));
    expect(Severity).toBe("warning");
    expect(What).toContain("there is no poison key");
    expect(Fix).toContain(`acra poisonrecordmaker --keys_dir=${rig.keys.serverFolder}`);
    const off = await rig.doctor("server", [...flags, "--poison_detect_enable=false"]);
    expect(off.Findings).toEqual([]);
    const lost = [...flags, "--poison_detect_enable=false", "--poison_shutdown_enable"];
    expect(only(await rig.doctor("server", lost)).Where).toBe("--poison_detect_enable");
  });

  test("is found: zones without a key of a zone", async () => {
    const flags = [...(await rig.serverFlags()), "--zonemode_enable"];
    const { What, Fix } = only(await rig.doctor("server", flags));
    expect(What).toContain("no key of a zone is here");
    expect(Fix).toContain(`acra addzone --keys_dir=${rig.keys.serverFolder}`);
  });

  test("is found: raw transport for a client without keys, and for nobody", async () => {
    const raw = [...(await rig.serverFlags()), "--acraconnector_transport_encryption_disable"];
    const stranger = only(await rig.doctor("server", [...raw, "--client_id=somebody_else"]));
    expect(stranger.Where).toBe(join(rig.keys.serverFolder, "somebody_else_storage"));
    const nobody = only(await rig.doctor("server", raw));
    expect(nobody.What).toContain("without zones raw transport needs a client id");
    expect(nobody.Fix).toContain("--client_id=");
  });

  test("is found: a key folder that is not there", async () => {
    const flags = [
      ...(await rig.serverFlags()),
      "--keys_dir=/nowhere",
      "--poison_detect_enable=false",
    ];
    expect(only(await rig.doctor("server", flags)).What).toContain("/nowhere");
  });
});

describe("a mistake on the way", () => {
  test("is found: the server of a connector does not run", async () => {
    const report = await rig.doctor("connector", await rig.connectorFlags(await findFreePort()));
    const { Check, What, Fix } = only(report);
    expect(Check).toBe("server");
    expect(What).toContain("nobody listens there");
    expect(Fix).toContain("--acraserver_connection_port");
  });

  test("is found: a program that has to run and does not", async () => {
    const { What, Fix } = only(
      await rig.doctor("server", [...(await rig.serverFlags()), "--running"]),
    );
    expect(What).toBe("nobody listens there: acra server does not run");
    expect(Fix).toContain("journalctl -u acra-server");
  });

  test("is found: the server has other keys for this client", async () => {
    const others = await makeKeys();
    const server = await rig.serve(others);
    const { Check, What, Fix } = only(
      await rig.doctor("connector", await rig.connectorFlags(server.port)),
    );
    expect(Check).toBe("server");
    expect(What).toContain(`it has no keys of client ${CLIENT_ID}, other ones`);
    expect(Fix).toContain(`${CLIENT_ID}.pub`);
  });

  test("is found: raw transport at the connector only", async () => {
    const server = await rig.serve(rig.keys);
    const flags = async (port: number) => [
      ...(await rig.connectorFlags(port)),
      "--acraserver_transport_encryption_disable",
    ];
    const refused = only(await rig.doctor("connector", await flags(server.port)));
    expect(refused.What).toContain("nobody answers as a server with raw transport");
    const raw = ["--acraconnector_transport_encryption_disable", `--client_id=${CLIENT_ID}`];
    const fitting = await rig.serve(rig.keys, raw);
    expect((await rig.doctor("connector", await flags(fitting.port))).Findings).toEqual([]);
  });

  test("is found: a closed port of the database, and a host that nobody has", async () => {
    const flags = await rig.serverFlags();
    const port = await findFreePort();
    const closed = only(await rig.doctor("server", [...flags, `--db_port=${port}`]));
    expect(closed).toMatchObject({ Check: "database", Where: `tcp://127.0.0.1:${port}/` });
    expect(closed.What).toContain("nobody listens there");
    expect(closed.Fix).toContain("--db_port");
    const unknown = only(await rig.doctor("server", [...flags, "--db_host=nobody.invalid"]));
    expect(unknown.What).toBe("no machine is called nobody.invalid");
    expect(unknown.Fix).toContain("correct --db_host");
    const none = only(await rig.doctor("server", [...flags, "--db_host="]));
    expect(none.Where).toBe("--db_host");
  });

  test("is found: something else than a database where the database should be", async () => {
    const port = await rig.occupy("HTTP/1.1 400 Bad Request\r\n\r\n");
    const flags = [...(await rig.serverFlags()), `--db_port=${port}`];
    expect(only(await rig.doctor("server", flags)).What).toBe(
      "something else than PostgreSQL answers there",
    );
  });

  testUnless(missingLinux, "is found: a port that another program has", async () => {
    const port = await rig.occupy("");
    const string = `--incoming_connection_string=tcp://127.0.0.1:${port}/`;
    const { Check, What, Fix } = only(
      await rig.doctor("server", [...(await rig.serverFlags()), string]),
    );
    expect(Check).toBe("listening");
    expect(What).toContain(`(process ${process.pid}), which is not acra server`);
    expect(Fix).toContain("--incoming_connection_string");
  });

  testUnless(
    missingLinux,
    "is found: a port that another program has, for the metrics",
    async () => {
      const port = await rig.occupy("");
      const metrics = `--prometheus_metrics_address=tcp://127.0.0.1:${port}`;
      const { Where, Fix } = only(
        await rig.doctor("server", [...(await rig.serverFlags()), metrics]),
      );
      expect(Where).toBe(`tcp://127.0.0.1:${port}/`);
      expect(Fix).toContain("--prometheus_metrics_address");
    },
  );

  testUnless(
    missingPython,
    "is found: a port of a program that is called a server too",
    async () => {
      const port = await findFreePort();
      const script = `import socket, time; s = socket.socket(); s.bind(("127.0.0.1", ${port})); s.listen(); time.sleep(60)`;
      const other = startProcess([PYTHON, "-c", script, "server"]);
      rig.atTheEnd(() => other.stop("SIGKILL"));
      await waitForListener(port);
      const string = `--incoming_connection_string=tcp://127.0.0.1:${port}/`;
      const flags = [...(await rig.serverFlags()), string];
      expect(only(await rig.doctor("server", flags)).What).toContain(`(process ${other.pid})`);
    },
  );

  test("is found: an address that this machine does not have", async () => {
    const flags = [
      ...(await rig.serverFlags()),
      "--incoming_connection_string=tcp://192.0.2.1:9393/",
    ];
    expect(only(await rig.doctor("server", flags)).What).toContain("it is not possible to listen");
  });

  test("is found: raw transport beyond this machine", async () => {
    const port = await findFreePort();
    const { Severity, What } = only(
      await rig.doctor("server", [
        ...(await rig.serverFlags()),
        `--incoming_connection_string=tcp://0.0.0.0:${port}/`,
        "--acraconnector_transport_encryption_disable",
        `--client_id=${CLIENT_ID}`,
      ]),
    );
    expect(Severity).toBe("warning");
    expect(What).toContain("plaintext goes over the network");
  });

  testUnless(missingLinux, "is found: fewer open files than connections", async () => {
    const flags = [...(await rig.serverFlags()), "--incoming_connection_limit=5000"];
    const command = ["sh", "-c", 'ulimit -n 1024; exec "$@"', "sh", ...acraCommand()];
    const { Check, What, Fix } = only(await rig.doctor("server", flags, { command }));
    expect(Check).toBe("limits");
    expect(What).toContain("it needs more open files than the 1024 that are allowed");
    expect(Fix).toContain("LimitNOFILE=");
  });
});
