/** The parts of a release that can be looked at without making one. */

import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { connectorCommand } from "../../src/cli/connector.ts";
import { serverCommand } from "../../src/cli/server.ts";
import { resolveSettings } from "../../src/config/mod.ts";
import { formatBillOfMaterials } from "./bill_of_materials.ts";
import { findBundledPackages } from "./bundled_packages.ts";
import { makeControlFiles, makeLinks, makePackageFiles } from "./debian_files.ts";
import { formatNotices } from "./notices.ts";
import { checkIntegrity } from "./runtimes.ts";
import { RELEASE_TARGETS, RUNTIME_VERSION } from "./targets.ts";

const INPUTS = [
  "src/main.ts",
  "node_modules/yaml/dist/index.js",
  "../elsewhere/node_modules/@opentelemetry/api/build/src/index.js",
  "node_modules/yaml/dist/doc.js",
];

test("checkIntegrity takes the archive that is pinned, and no other", () => {
  const archive = new TextEncoder().encode("a runtime");
  const digest = new Bun.CryptoHasher("sha512").update(archive).digest("base64");
  const target = { runtimePackage: "@oven/bun-linux-x64", integrity: `sha512-${digest}` };
  expect(() => checkIntegrity(archive, target)).not.toThrow();
  expect(() => checkIntegrity(archive.with(0, 98), target)).toThrow("but pinned is sha512-");
});

test("each target has a runtime of its own, pinned whole", () => {
  expect(packageJson.packageManager).toBe(`bun@${RUNTIME_VERSION}`);
  for (const key of ["name", "runtimePackage", "integrity"] as const) {
    expect(new Set(RELEASE_TARGETS.map((target) => target[key])).size).toBe(RELEASE_TARGETS.length);
  }
  for (const { integrity } of RELEASE_TARGETS) {
    expect(Buffer.from(integrity.replace(/^sha512-/, ""), "base64")).toHaveLength(64);
  }
});

describe("a bill of materials", () => {
  const packages = findBundledPackages(INPUTS);
  const [target] = RELEASE_TARGETS;
  const sha256 = new Bun.CryptoHasher("sha256").update("binary").digest("hex");

  test("has each bundled package once, as bun.lock pins it", () => {
    expect(packages.map(({ name }) => name)).toEqual(["@opentelemetry/api", "yaml"]);
    const yaml = packages[1];
    expect([yaml?.version, yaml?.license]).toEqual([packageJson.dependencies.yaml, "ISC"]);
    expect(yaml?.integrity).toStartWith("sha512-");
  });

  test("is the same for the same binary, and another for another", () => {
    const facts = { file: "acra", version: "1", packages, sourceDate: 0 };
    const format = (hash: string) =>
      target && formatBillOfMaterials({ ...facts, sha256: hash, target });
    expect(format(sha256)).toBe(format(sha256));
    const bill = JSON.parse(format(sha256) ?? "");
    expect(bill.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    expect(JSON.parse(format("0".repeat(64)) ?? "").serialNumber).not.toBe(bill.serialNumber);
    const purls = bill.components.map(({ purl }: { purl: string }) => purl);
    expect(purls.slice(0, 2)).toEqual(
      packages.map(({ name, version }) => `pkg:npm/${name.replace("@", "%40")}@${version}`),
    );
  });

  test("goes with the texts of the licences", () => {
    const notices = formatNotices(packages);
    expect(notices).toContain("@opentelemetry/api");
    expect(notices).toContain("Permission to use, copy, modify, and/or distribute");
    expect(notices).toContain(`Bun ${RUNTIME_VERSION} (runtime)`);
  });
});

describe("the Debian package", () => {
  const files = makePackageFiles("notices", 0);

  test("has settings that the program reads, with places in Debian's tree", () => {
    const folder = mkdtempSync(join(tmpdir(), "acra-packaging-"));
    for (const [command, changed] of [
      [serverCommand, ["auth_keys", "keys_dir"]],
      [connectorCommand, ["keys_dir"]],
    ] as const) {
      const path = join(folder, "settings.yaml");
      writeFileSync(path, files.get(`etc/acra/${command.service}.yaml`) ?? "");
      const { values, notes } = resolveSettings({
        table: command.settings,
        service: command.service,
        flags: new Map([["config_file", path]]),
        home: undefined,
      });
      expect(notes.filter(({ level }) => level !== "info")).toEqual([]);
      const different = command.settings.filter(
        ({ name, default: usual }) => name !== "config_file" && values[name] !== usual,
      );
      expect(different.map(({ name }) => name).sort()).toEqual([...changed]);
      for (const name of changed) {
        expect(String(values[name])).toStartWith(`/var/lib/${command.service}/`);
      }
    }
    rmSync(folder, { recursive: true });
  });

  test("marks what is in /etc as configuration, and nothing else", () => {
    const control = makeControlFiles({ architecture: "amd64", installedKilobytes: 1, files });
    expect(control.get("conffiles")).toBe(
      "/etc/acra/acra-server.yaml\n/etc/acra/acra-connector.yaml\n",
    );
  });

  test("has a link for each program of Acra 0.82 that there is", () => {
    const links = makeLinks(files);
    expect(links.get("usr/bin/acra-server")).toBe("acra");
    expect(links.get("usr/bin/acra-rotate")).toBe("acra");
  });
});
