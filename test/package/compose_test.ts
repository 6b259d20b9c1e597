/** The compose files and the Dockerfile fit together, the program and their page; no engine is needed. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import type { Command } from "../../src/cli/command.ts";
import { parseFlags } from "../../src/cli/go_flags.ts";
import { COMMANDS } from "../../src/cli/mod.ts";
import {
  acraServices,
  COMPOSE_FILES,
  COMPOSE_FOLDER,
  flagOf,
  readComposeFile,
  readVariables,
} from "./compose_file.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const SET = { ACRA_MASTER_KEY: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
/** Images that everybody can have: Docker Hub's own. */
const PUBLIC_IMAGES = /^postgres:\d+$/;
const PUBLIC_BASES = ["oven/bun:1.4.5", "gcr.io/distroless/base-debian12:nonroot"];

const page = readFileSync(join(COMPOSE_FOLDER, "README.md"), "utf8");
const dockerfile = readFileSync(join(ROOT, "Dockerfile"), "utf8");

/** Rows of the page's table of variables: name → default. */
function readExplained(): ReadonlyMap<string, string> {
  const rows = page.matchAll(
    /^\| `([A-Z_]+)` \| (?:`([^`]*)`|none: has to be set) \| .{10,} \|$/gm,
  );
  return new Map([...rows].map(([, name = "", fallback]) => [name, fallback ?? "none"]));
}

async function findCommand(words: readonly string[]): Promise<[Command, readonly string[]]> {
  const entry = COMMANDS.find(({ name }) => name === words[0]);
  const single =
    entry?.kind === "group" ? entry.commands.find(({ name }) => name === words[1]) : entry;
  if (single === undefined) {
    throw new Error(`no command ${words.join(" ")}`);
  }
  return [await single.load(), words.slice(entry?.kind === "group" ? 2 : 1)];
}

describe.each([...COMPOSE_FILES])("%s", (name) => {
  const file = readComposeFile(name, SET);
  const services = Object.entries(file.services);

  test("uses only images that exist publicly, and ours, which it builds", () => {
    for (const [, { image, build }] of services) {
      if (image === `acra:${packageJson.version}`) {
        expect(resolve(COMPOSE_FOLDER, build?.context ?? "")).toBe(ROOT);
      } else {
        expect(image).toMatch(PUBLIC_IMAGES);
      }
    }
    expect(acraServices(file).map(([service]) => service)).toEqual(["keys", "server", "connector"]);
  });

  test("has no variable that its page does not explain with the same default", () => {
    const explained = readExplained();
    const used = readVariables(name);
    expect(used.size).toBeGreaterThan(5);
    for (const [variable, fallback] of used) {
      expect([variable, explained.get(variable)]).toEqual([variable, fallback ?? "none"]);
    }
    expect([...explained.keys()].sort()).toEqual([...used.keys()].sort());
  });

  test("starts commands that the program has, with flags that it knows", async () => {
    for (const [, { command = [] }] of acraServices(file)) {
      const [found, args] = await findCommand(command);
      const flags = parseFlags(args, found.settings, found.operands ?? null);
      expect(flags.ignored).toEqual([]);
      expect(flags.values.size).toBeGreaterThan(1);
    }
  });

  test("asks for health where the program serves it, with the program itself", () => {
    for (const service of ["server", "connector"]) {
      const { healthcheck, ...rest } = file.services[service] ?? { image: "" };
      const metrics = new URL(flagOf(rest, "prometheus_metrics_address") ?? "");
      const [kind, program, command, address = ""] = healthcheck?.test ?? [];
      expect([kind, program, command]).toEqual(["CMD", "/usr/local/bin/acra", "ready"]);
      expect(new URL(address.replace("--address=", "")).port).toBe(metrics.port);
      expect(metrics.hostname).toBe("0.0.0.0");
    }
    expect(dockerfile).toContain("COPY --from=build /build/dist/acra /usr/local/bin/acra");
  });

  test("waits only for services that tell their health", () => {
    for (const [, { depends_on: needed = {} }] of services) {
      for (const [other, { condition }] of Object.entries(needed)) {
        expect(condition).toBe("service_healthy");
        expect(file.services[other]?.healthcheck?.test.length).toBeGreaterThan(1);
      }
    }
  });

  test("names its networks and volumes, and hosts that are on the same network", () => {
    for (const [, { networks = [], volumes = [] }] of services) {
      expect(networks.filter((network) => !(network in file.networks))).toEqual([]);
      const sources = volumes.map((volume) => volume.split(":")[0] ?? "");
      const named = sources.filter((source) => !source.startsWith("./"));
      expect(named.filter((volume) => !(volume in file.volumes))).toEqual([]);
    }
    for (const [service, flag] of [
      ["server", "db_host"],
      ["connector", "acraserver_connection_host"],
    ] as const) {
      const here = file.services[service] ?? { image: "" };
      const there = file.services[flagOf(here, flag) ?? ""];
      expect(here.networks?.some((network) => there?.networks?.includes(network))).toBe(true);
    }
    const { connector, database } = file.services;
    expect(connector?.networks?.some((one) => database?.networks?.includes(one))).toBe(false);
  });

  test("opens ports of 127.0.0.1 only, to where the program listens", () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
    const connector = file.services["connector"] ?? { image: "" };
    const listening = ["incoming_connection_string", "incoming_connection_api_string"].map(
      (flag) => new URL(flagOf(connector, flag) ?? "").port,
    );
    expect(connector.ports?.map((port) => port.split(":").at(-1) ?? "")).toEqual(listening);
  });

  test("runs the program without rights, and without keys of others", () => {
    for (const [, service] of acraServices(file)) {
      expect(service).toMatchObject({ read_only: true, cap_drop: ["ALL"], user: "1000:1000" });
      expect(service.security_opt).toEqual(["no-new-privileges:true"]);
    }
    const mounts = (service: string) => (file.services[service]?.volumes ?? []).join(" ");
    expect(mounts("server")).toContain("./keys/acra-server:/keys");
    expect(mounts("connector")).toContain("./keys/acra-connector:/keys:ro");
    expect(mounts("database")).not.toContain("keys");
  });
});

test("the image is made from public images, with the Bun of package.json, for a user without rights", () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base = ""]) => base);
  expect(bases).toEqual(PUBLIC_BASES);
  expect(bases[0]).toBe(packageJson.packageManager.replace("bun@", "oven/bun:"));
  expect(dockerfile).toMatch(/^USER 65532:65532$/m);
  expect(dockerfile).toMatch(/^HEALTHCHECK .* CMD \["\/usr\/local\/bin\/acra", "ready"\]$/m);
});

test("what the image is built from passes .dockerignore", () => {
  const passes = readFileSync(join(ROOT, ".dockerignore"), "utf8").match(/(?<=^!).+$/gm) ?? [];
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
    ([, sources = ""]) => sources.split(" "),
  );
  expect([...passes].sort()).toEqual(copied.sort());
});
