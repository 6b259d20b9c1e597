/**
 * The walks of examples/deploy/compose without an engine: the image is made by the steps of the
 * Dockerfile, and systemd runs each service of ours in it (own root, read-only, own user, no
 * capabilities) with the command, mounts and health check of the compose file. In one network, in which
 * the names of the services are 127.0.0.1; the database is the harness's.
 */

import { afterAll, beforeAll, describe, expect } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { missingProgram } from "../harness/missing.ts";
import { type FinishedProcess, type RunningProcess, runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";
import { testUnless } from "../harness/skip.ts";
import {
  COMPOSE_FILES,
  COMPOSE_FOLDER,
  type ComposeService,
  readComposeFile,
} from "./compose_file.ts";
import { makeImage } from "./image.ts";
import { Machine, missingMachine } from "./machine.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const WALK = "/srv/walk";
const USER = "1000:1000";
const PROGRAM = "/usr/local/bin/acra";
const PLAINTEXT = "4929 1273 4096 1111";
const EXAMPLES = join(ROOT, "examples/typescript");
const HEALTH_ATTEMPTS = 12;

const missing = missingMachine() ?? missingProgram("openssl", "version");
const masterKey = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");

let image = "";

beforeAll(async () => {
  if (missing === null) {
    image = await makeImage();
  }
}, 300_000);

testUnless(
  missingProgram("docker-compose"),
  "the first Compose, which knows no `name`, understands the rest of both files",
  async () => {
    for (const name of COMPOSE_FILES) {
      const copy = join(makeTemporaryFolder(), "compose.yaml");
      const text = readFileSync(join(COMPOSE_FOLDER, name), "utf8");
      writeFileSync(copy, text.replace(/^name: .*\n/m, ""));
      const command = ["docker-compose", "--file", copy, "config", "--quiet"];
      const { status, stderr } = await runProcess(command, { env: { ACRA_MASTER_KEY: masterKey } });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    }
  },
);

/** What systemd has to be told so that a service runs as in its container. */
function containerOptions(service: ComposeService): string[] {
  const [user = "", group = ""] = (service.user ?? "").split(":");
  const mounts = (service.volumes ?? []).map((volume) => {
    const [source = "", target = "", mode] = volume.split(":");
    const kind = mode === "ro" ? "BindReadOnlyPaths" : "BindPaths";
    return `${kind}=${join(WALK, source)}:${target}`;
  });
  const properties = [
    `RootDirectory=${image}`,
    "MountAPIVFS=yes",
    ...(service.read_only ? ["ReadOnlyPaths=/"] : []),
    ...(service.cap_drop?.includes("ALL") ? ["CapabilityBoundingSet="] : []),
    "NoNewPrivileges=yes",
    "LimitCORE=0",
    `User=${user}`,
    `Group=${group}`,
    "BindReadOnlyPaths=/etc/hosts",
    ...mounts,
  ];
  const environment = Object.entries(service.environment ?? {});
  return [
    ...properties.map((property) => `--property=${property}`),
    ...environment.map(([name, value]) => `--setenv=${name}=${value}`),
  ];
}

describe.each([...COMPOSE_FILES])("the walk of %s", (file) => {
  let machine: Machine;
  let database: RunningProcess;

  function readService(name: string, zoneMode = false): ComposeService {
    const variables = { ACRA_MASTER_KEY: masterKey, ACRA_ZONEMODE: String(zoneMode) };
    const service = readComposeFile(file, { ...variables, ACRA_USER: USER }).services[name];
    if (service === undefined) {
      throw new Error(`${file} has no service ${name}`);
    }
    return service;
  }

  /** Runs words in the service's container to their end, or starts them as a unit of that name. */
  async function runIn(
    service: ComposeService,
    words: readonly string[],
    unit?: string,
  ): Promise<FinishedProcess> {
    const how = unit === undefined ? ["--wait", "--pipe"] : [`--unit=${unit}`];
    const options = ["--quiet", "--collect", ...how, ...containerOptions(service)];
    return await machine.run(["systemd-run", ...options, "--", ...words]);
  }

  async function up(name: string, zoneMode: boolean): Promise<void> {
    const service = readService(name, zoneMode);
    await machine.run(["systemctl", "stop", name]);
    const started = await runIn(service, [PROGRAM, ...(service.command ?? [])], name);
    expect(started).toMatchObject({ status: 0, stderr: "" });
    const [, ...check] = service.healthcheck?.test ?? [];
    for (let attempt = 1; ; attempt++) {
      const { status, stderr } = await runIn(service, check);
      if (status === 0) {
        return;
      }
      if (attempt === HEALTH_ATTEMPTS) {
        const journal = await machine.check(["journalctl", `--unit=${name}`, "--output=cat"]);
        throw new Error(`${name} does not become healthy: ${stderr}\n${journal}`);
      }
      await Bun.sleep(500);
    }
  }

  async function example(name: string, ...flags: string[]): Promise<string> {
    return await machine.check([process.execPath, join(EXAMPLES, name), ...flags], { cwd: WALK });
  }

  beforeAll(async () => {
    if (missing !== null) {
      return;
    }
    machine = await Machine.boot({ folders: [image] });
    await machine.shell(
      `mkdir ${WALK} && cp -r ${COMPOSE_FOLDER}/*.yaml ${COMPOSE_FOLDER}/make_certificates ${WALK} && ` +
        `cd ${WALK} && mkdir keys && chmod 0700 keys && ./make_certificates && ` +
        `chown -R ${USER} keys certificates/server certificates/connector && ` +
        // systemd gives a number to a service only where it belongs to somebody.
        "for id in 1000 65532; do " +
        'getent group $id || echo "walk$id:x:$id:" >>/etc/group; ' +
        'getent passwd $id || echo "walk$id:x:$id:$id::/:/usr/sbin/nologin" >>/etc/passwd; done && ' +
        "printf '127.0.0.1 localhost database server connector\\n' >/etc/hosts",
    );
    const certificates = file.includes("tls") ? [join(WALK, "certificates/database")] : [];
    const program = join(import.meta.dir, "database_process.ts");
    database = machine.start([process.execPath, program, ...certificates]);
    await database.stdout.waitFor("ready", 40_000);
  }, 90_000);

  afterAll(async () => {
    await machine?.stop();
  });

  testUnless(
    missing,
    "has an image that runs as its own user too, and holds the licence",
    async () => {
      const service: ComposeService = { ...readService("keys"), user: "65532:65532", volumes: [] };
      const version = await runIn(service, [PROGRAM, "version"]);
      expect(version).toEqual({ status: 0, stdout: "0.82.0", stderr: "" });
      expect(readFileSync(join(image, "usr/share/doc/acra/LICENSE"), "utf8")).toContain("Apache");
    },
  );

  testUnless(missing, "makes keys for each holder", async () => {
    const service = readService("keys");
    const made = await runIn(service, [PROGRAM, ...(service.command ?? [])]);
    expect(made.status).toBe(0);
    expect(await machine.shell(`stat -c '%u %a' ${WALK}/keys/acra-server/*_storage`)).toBe(
      "1000 600",
    );
  });

  testUnless(missing, "opens a row without zones, through services that are healthy", async () => {
    await up("server", false);
    await up("connector", false);
    const key = `--public_key=${WALK}/keys/acra-writer/testclientid_storage.pub`;
    await example("example_without_zone.ts", "--port=5432", `--data=${PLAINTEXT}`, key);
    const row = `| ${PLAINTEXT} | ${PLAINTEXT}`;
    expect(await example("example_without_zone.ts", "--port=9494", "--print")).toContain(row);
    const sealed = await example("example_without_zone.ts", "--port=5432", "--print");
    expect(sealed).toContain("| \\x2222222222222222");
    expect(sealed).not.toContain(row);
  });

  testUnless(missing, "opens a row with zones, for who names the zone", async () => {
    await up("server", true);
    await up("connector", true);
    const written = await example("example_with_zone.ts", "--port=5432", `--data=${PLAINTEXT}`);
    const zone = written.trim().split(" ").at(-1) ?? "";
    const print = ["example_with_zone.ts", "--port=9494", "--print"] as const;
    expect(await example(...print, `--zone_id=${zone}`)).toContain(`| ${PLAINTEXT} |`);
    expect(await example(...print)).not.toContain(`| ${PLAINTEXT} |`);
  });

  testUnless(missing, "runs on the transport that the file is for", async () => {
    const journal = await machine.check(["journalctl", "--unit=server", "--output=cat"]);
    const sql = "SELECT bool_and(ssl)::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) ";
    const mine = "WHERE usename = 'test' AND pid = pg_backend_pid()";
    const url = "postgres://test:test@127.0.0.1:9494/acra?sslmode=disable";
    const tls = await machine.check(["psql", "-XAtq", url, "-c", sql + mine]);
    expect(tls.trim()).toBe(file.includes("tls") ? "true" : "false");
    expect(journal).not.toContain("handshake failed");
  });

  testUnless(missing, "stops in order", async () => {
    for (const name of ["connector", "server"]) {
      const before = await machine.check(["systemctl", "is-active", name]);
      expect(before).toBe("active");
      await machine.check(["systemctl", "stop", name]);
      const journal = await machine.check(["journalctl", `--unit=${name}`, "--output=cat"]);
      expect(journal).not.toMatch(/^error: /m);
    }
  });
});
