/**
 * The Debian package on a machine with systemd (machine.ts): installed, both services under their own
 * users with all hardening on, a protected row read through them, removed and purged.
 * `scripts/test --package` runs this against the package that `scripts/release` has made.
 */

import { afterAll, beforeAll, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { missingProgram } from "../harness/missing.ts";
import type { RunningProcess } from "../harness/process.ts";
import { testUnless } from "../harness/skip.ts";
import { Machine, missingMachine } from "./machine.ts";
import { findPackage, RELEASE } from "./release_folder.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const PLAINTEXT = "4929 1273 4096 1111";
const SERVICES = ["acra-server", "acra-connector"] as const;
const EXAMPLE = join(ROOT, "examples/typescript/example_without_zone.ts");
const DEB = findPackage();

const missing = missingMachine() ?? missingProgram("psql") ?? missingProgram("dpkg");
const installed = { env: { DEBIAN_FRONTEND: "noninteractive" } };

let machine: Machine;
let database: RunningProcess;

/** The lines of README.Debian that are indented, as an administrator types them. */
function readFirstSteps(): string {
  const page = readFileSync(join(ROOT, "scripts/packaging/debian/README.Debian"), "utf8");
  const [, steps = ""] = page.split("First steps");
  return steps.match(/^ {2}.*$/gm)?.join("\n") ?? "";
}

async function psql(port: number, sql: string): Promise<string> {
  const url = `postgres://test:test@127.0.0.1:${port}/acra`;
  return (await machine.check(["psql", "-XAtq", url, "-c", sql])).trim();
}

/** What differs from the machine before the installation and has to do with us. */
async function traces(): Promise<readonly string[]> {
  const ours = /acra(?!-test)/;
  const books =
    /^\/(tmp|proc|run|sys|dev|root|var\/(log|cache|tmp)|etc\/systemd\/system\/acra-test)/;
  return (await machine.changes()).filter((path) => ours.test(path) && !books.test(path)).sort();
}

async function statusOf(service: string): Promise<Record<string, string>> {
  const properties = "MainPID,User,ActiveState,StatusText";
  const text = await machine.check(["systemctl", "show", service, `--property=${properties}`]);
  return Object.fromEntries(text.split("\n").map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

beforeAll(async () => {
  if (missing === null) {
    machine = await Machine.boot({ folders: [RELEASE] });
  }
}, 60_000);

afterAll(async () => {
  await machine?.stop();
});

testUnless(missing, "the package installs without making keys or starting anything", async () => {
  const said = await machine.check(["dpkg", "-i", DEB], installed);
  expect(said).toContain("no keys were made and no service was started");
  for (const name of SERVICES) {
    expect(await machine.check(["getent", "passwd", name])).toMatch(
      new RegExp(`^${name}:x:\\d+:\\d+:[^:]*:/var/lib/${name}:/usr/sbin/nologin$`),
    );
    const modes = await machine.check([
      ...["stat", "-c", "%U:%G %a", `/var/lib/${name}`, `/var/lib/${name}/keys`],
      `/etc/acra/${name}.yaml`,
    ]);
    expect(modes).toBe(`${name}:${name} 750\n${name}:${name} 700\nroot:root 644`);
    expect((await machine.run(["systemctl", "is-active", name])).stdout).toBe("inactive");
    expect((await machine.run(["systemctl", "is-enabled", name])).stdout).toBe("disabled");
  }
  expect(await machine.shell("find /var/lib/acra-* -type f; ls /etc/acra")).toBe(
    "acra-connector.yaml\nacra-server.yaml",
  );
  expect(await machine.check(["acra", "--version"])).toMatch(/^0\.82\.0/);
  expect((await machine.run(["acra-keymaker", "--help"])).stderr).toContain("acra keymaker");
});

testUnless(missing, "a service without its keys says in the journal what is missing", async () => {
  await machine.run(["systemctl", "start", "acra-server"]);
  const journal = await machine.check(["journalctl", "-u", "acra-server", "--output=cat"]);
  expect(journal).toMatch(/^error: .*\nhint: /m);
  await machine.run(["systemctl", "reset-failed", "acra-server"]);
});

testUnless(missing, "both units are sound in the eyes of systemd", async () => {
  const units = SERVICES.map((name) => `${name}.service`);
  const { status, stderr } = await machine.run(["systemd-analyze", "verify", ...units]);
  expect(stderr.split("\n").filter((line) => line.includes("acra"))).toEqual([]);
  expect(status).toBe(0);
});

testUnless(missing, "both services start by the steps of README.Debian", async () => {
  database = machine.start([process.execPath, join(import.meta.dir, "database_process.ts")]);
  await database.stdout.waitFor("ready", 40_000);
  await machine.shell(readFirstSteps());
  for (const name of SERVICES) {
    const { ActiveState, User, MainPID, StatusText } = await statusOf(name);
    expect({ ActiveState, User }).toEqual({ ActiveState: "active", User: name });
    expect(StatusText).toContain("Listening on tcp://");
    const process = await machine.check(["cat", `/proc/${MainPID}/status`]);
    const uid = await machine.check(["id", "-u", name]);
    expect(process).toMatch(new RegExp(`^Uid:\\t${uid}\\t${uid}\\t`, "m"));
    expect(process).toMatch(/^CapBnd:\t0+$/m);
    expect(process).toMatch(/^NoNewPrivs:\t1$/m);
    expect(process).toMatch(/^Seccomp:\t2$/m);
  }
});

testUnless(missing, "the quickstart's read works through both services", async () => {
  const key = "/root/acra-keys/acra-writer";
  const write = [process.execPath, EXAMPLE, "--port=5432", `--data=${PLAINTEXT}`];
  await machine.check([...write, `--public_key=${key}/testclientid_storage.pub`]);
  const select = "SELECT data FROM test_example_without_zone";
  expect(await psql(5432, select)).toMatch(/^\\x2222222222222222/);
  expect(await psql(9494, select)).toBe(`\\x${Buffer.from(PLAINTEXT).toString("hex")}`);
});

testUnless(missing, "the connector refuses what runs as its own user", async () => {
  const ask = ["psql", "postgres://test:test@127.0.0.1:9494/acra", "-c", "SELECT 1"];
  const asItself = ["setpriv", "--reuid=acra-connector", "--clear-groups", ...ask];
  expect((await machine.run(asItself)).status).not.toBe(0);
  const asNobody = ["setpriv", "--reuid=nobody", "--clear-groups", ...ask];
  expect((await machine.run(asNobody)).status).toBe(0);
});

testUnless(missing, "a sandboxed server reloads, and makes keys of zones", async () => {
  await machine.shell(
    "sed -i 's/^http_api_enable:.*/http_api_enable: true/' /etc/acra/acra-*.yaml && " +
      "systemctl reload acra-server && systemctl restart acra-connector",
  );
  const { stdout } = await machine.run(["journalctl", "-u", "acra-server", "--output=cat"]);
  expect(stdout).not.toContain("Can't use the new configuration");
  const answer = await fetchInside("http://127.0.0.1:9191/getNewZone");
  const { id } = JSON.parse(answer) as { id: string };
  const modes = await machine.shell(`stat -c '%U %a' /var/lib/acra-server/keys/${id}_zone`);
  expect(modes).toBe("acra-server 600");
});

async function fetchInside(url: string): Promise<string> {
  const program = `console.log(await (await fetch(${JSON.stringify(url)})).text())`;
  return await machine.check([process.execPath, "-e", program]);
}

testUnless(missing, "a poison record stops the server, and systemd leaves it stopped", async () => {
  const asServer = "set -a; . /etc/acra/acra-server.env; runuser -u acra-server --";
  const record = await machine.shell(
    `${asServer} acra poisonrecordmaker --keys_dir=/var/lib/acra-server/keys`,
  );
  await machine.shell(
    "sed -i 's/^poison_shutdown_enable:.*/poison_shutdown_enable: true/' /etc/acra/acra-server.yaml && " +
      "systemctl restart acra-server",
  );
  const values = `(-1, decode('${record.trim()}', 'base64'), 'poison')`;
  await psql(5432, `INSERT INTO test_example_without_zone VALUES ${values}`);
  const url = "postgres://test:test@127.0.0.1:9494/acra";
  const thief = [
    "psql",
    "-XAtq",
    url,
    "-c",
    "SELECT * FROM test_example_without_zone WHERE id < 0",
  ];
  expect(await machine.run(thief)).toMatchObject({ status: 2, stdout: "" });
  // Longer than systemd waits before it starts a service again.
  await Bun.sleep(500);
  const properties = "--property=ActiveState,Result,NRestarts,ExecMainStatus";
  const state = await machine.check(["systemctl", "show", "acra-server", properties]);
  expect(state.split("\n").sort()).toEqual([
    "ActiveState=failed",
    "ExecMainStatus=1",
    "NRestarts=0",
    "Result=exit-code",
  ]);
  const journal = await machine.check(["journalctl", "-u", "acra-server", "--output=cat"]);
  expect(journal).toContain("Recognized poison record");
  await psql(5432, "DELETE FROM test_example_without_zone WHERE id < 0");
  await machine.shell("systemctl reset-failed acra-server && systemctl start acra-server");
});

testUnless(missing, "members of its group reach the connector over a unix socket", async () => {
  await machine.shell(
    "sed -i 's#^incoming_connection_string:.*#" +
      "incoming_connection_string: unix:///run/acra-connector/.s.PGSQL.5432#' " +
      "/etc/acra/acra-connector.yaml && systemctl restart acra-connector",
  );
  const url = "postgres://test:test@/acra?host=/run/acra-connector";
  const ask = ["psql", "-XAtq", url, "-c", "SELECT 1"];
  const group = ["--reuid=nobody", "--regid=nogroup", "--groups=acra-connector"];
  expect(await machine.check(["setpriv", ...group, ...ask])).toBe("1");
  const stranger = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", ...ask];
  expect((await machine.run(stranger)).stderr).toContain("Permission denied");
});

testUnless(missing, "installing it once more keeps settings and keys, and restarts", async () => {
  const before = await statusOf("acra-server");
  const keys = await machine.shell("cd /var/lib && sha256sum acra-*/keys/*");
  await machine.check(["dpkg", "-i", DEB], installed);
  const after = await statusOf("acra-server");
  expect(after["ActiveState"]).toBe("active");
  expect(after["MainPID"]).not.toBe(before["MainPID"]);
  expect(await machine.shell("cd /var/lib && sha256sum acra-*/keys/*")).toBe(keys);
  expect(await machine.shell("grep ^db_host: /etc/acra/acra-server.yaml")).toBe(
    "db_host: 127.0.0.1",
  );
});

testUnless(missing, "removing it stops both services and keeps settings and keys", async () => {
  await machine.check(["dpkg", "-r", "acra"], installed);
  for (const name of SERVICES) {
    expect((await machine.run(["systemctl", "is-active", name])).stdout).not.toBe("active");
  }
  const left = await traces();
  expect(left.filter((path) => path.startsWith("/usr/"))).toEqual([]);
  expect(left).toContain("/etc/acra/acra-server.yaml");
  expect(left).toContain("/var/lib/acra-server/keys/testclientid_server");
});

testUnless(missing, "purging it leaves nothing but keys, and says so", async () => {
  const said = await machine.check(["dpkg", "-P", "acra"], installed);
  expect(said).toContain("keys were left");
  const left = await traces();
  const places = [...SERVICES.map((name) => `/var/lib/${name}/keys`), "/etc/acra"];
  for (const path of [...places.slice(0, 2), ...SERVICES.map((name) => `/etc/acra/${name}.env`)]) {
    expect(said).toContain(`acra:   ${path}`);
    expect(left).toContain(path);
  }
  const allowed =
    /^\/(etc\/acra(\/acra-(server|connector)\.env)?|var\/lib\/acra-(server|connector)(\/keys(\/.+)?)?)$/;
  expect(left.filter((path) => !allowed.test(path))).toEqual([]);
  const owners = await machine.shell("stat -c '%U %a' /var/lib/acra-*/keys /etc/acra/*.env");
  expect(owners).toBe("root 700\nroot 700\nroot 600\nroot 600");
  for (const name of SERVICES) {
    expect((await machine.run(["getent", "passwd", name])).status).toBe(2);
    expect((await machine.run(["getent", "group", name])).status).toBe(2);
  }
});

testUnless(missing, "keys that a purge left serve the next installation", async () => {
  await machine.check(["dpkg", "-i", DEB], installed);
  const owners = await machine.shell("stat -c %U /var/lib/acra-server/keys/testclientid_server");
  expect(owners).toBe("acra-server");
  await machine.shell(
    "sed -i 's/^db_host:.*/db_host: 127.0.0.1/' /etc/acra/acra-server.yaml && systemctl start acra-server",
  );
  expect((await statusOf("acra-server"))["ActiveState"]).toBe("active");
});

testUnless(missing, "purging it without keys leaves nothing at all, and says nothing", async () => {
  await machine.shell(
    "systemctl stop acra-server && rm /etc/acra/*.env && find /var/lib/acra-*/keys -mindepth 1 -delete",
  );
  const said = await machine.check(["dpkg", "-P", "acra"], installed);
  expect(said).not.toContain("keys were left");
  expect(await traces()).toEqual([]);
});

testUnless(
  missingProgram("lintian"),
  "lintian finds no error in the package",
  () => {
    const { stdout } = Bun.spawnSync(["lintian", "--allow-root", DEB]);
    const tags = stdout.toString().trim().split("\n");
    for (const warning of tags.filter((line) => line.startsWith("W:"))) {
      console.log(`lintian: ${warning}`);
    }
    expect(tags.filter((line) => line.startsWith("E:"))).toEqual([]);
  },
  120_000,
);
