/** `acra doctor` and settings that are wrong, or how it is called. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acraCommand } from "../harness/acra.ts";
import { DoctorRig, only } from "../harness/doctor_rig.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

let rig: DoctorRig;

beforeAll(async () => {
  rig = await DoctorRig.start();
});

afterAll(() => rig.stop());
beforeEach(() => rig.freshen());
afterEach(() => rig.cleanUp());

describe("a mistake in the settings", () => {
  test("is found: unknown keys and wrong values of the file, all at once", async () => {
    const cwd = makeTemporaryFolder();
    const file = join(cwd, "server.yaml");
    writeFileSync(file, "db_hots: 10.0.0.1\ntls_auth: 9\nkeystore_cache_size: many\n");
    const flags = [...(await rig.serverFlags()), "--config_file=server.yaml"];
    const { Findings } = await rig.doctor("server", flags, { cwd });
    expect(Findings.map(({ Check, Severity, What, Fix }) => [Check, Severity, What, Fix])).toEqual([
      [
        "settings",
        "error",
        'invalid value "many" for flag -keystore_cache_size: parse error',
        "correct the value in server.yaml",
      ],
      [
        "settings",
        "error",
        "--tls_auth: has to be from 0 to 4",
        "correct tls_auth in server.yaml; the default is 4",
      ],
      [
        "settings",
        "warning",
        'unknown setting "db_hots"',
        "it has no effect: perhaps db_host is meant",
      ],
    ]);
    expect(readdirSync(cwd)).toEqual(["server.yaml"]);
  });

  test("is found: a file that is not there, and one that is no YAML", async () => {
    const cwd = makeTemporaryFolder();
    const flags = await rig.serverFlags();
    const missing = only(
      await rig.doctor("server", [...flags, "--config_file=none.yaml"], { cwd }),
    );
    expect(missing.What).toBe("--config_file: there is no file none.yaml");
    writeFileSync(join(cwd, "bad.yaml"), "db_host: [\n");
    const bad = only(await rig.doctor("server", [...flags, "--config_file=bad.yaml"], { cwd }));
    expect(bad).toMatchObject({ Severity: "error", Where: "bad.yaml" });
  });

  test("is found: half of a certificate's pair", async () => {
    const flags = [...(await rig.serverFlags()), "--tls_cert=/tmp/none.pem"];
    expect(only(await rig.doctor("server", flags))).toMatchObject({
      Check: "transport",
      What: "--tls_cert is set without --tls_key",
    });
  });

  test("is found: a connector without a client id or a server", async () => {
    const flags = [`--keys_dir=${rig.keys.connectorFolder}`, "--incoming_connection_port=1"];
    const wheres = (await rig.doctor("connector", flags)).Findings.map(({ What }) => What);
    expect(wheres).toContain("it is not set: it names the keys of this connector");
    expect(wheres.some((what) => what.includes("acraserver_connection_host"))).toBe(true);
  });

  test("in how the doctor is called ends it with status 2", async () => {
    for (const flags of [["--columns=x"], ["--nonsense"]]) {
      const { status, stdout } = await runProcess(
        [...acraCommand(), "doctor", "server", ...flags],
        { cwd: "/" },
      );
      expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    }
  });
});
