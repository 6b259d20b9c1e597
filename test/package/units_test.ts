/** The systemd units stay as hard as they are, and fit the pages about them. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { missingProgram } from "../harness/missing.ts";
import { runProcess } from "../harness/process.ts";
import { testUnless } from "../harness/skip.ts";

const FOLDER = resolve(import.meta.dir, "..", "..", "examples/deploy/systemd");
/** What systemd calls exposure, in tenths: 20 is "OK", 96 a unit without any hardening. */
const LARGEST_EXPOSURE = 20;

describe.each(["acra-server", "acra-connector"])("%s.service", (service) => {
  const path = join(FOLDER, `${service}.service`);
  const unit = readFileSync(path, "utf8");

  testUnless(
    missingProgram("systemd-analyze"),
    "exposes little in the eyes of systemd",
    async () => {
      const { status, stdout } = await runProcess([
        ...["systemd-analyze", "security", "--offline=true", "--no-pager"],
        ...[`--threshold=${LARGEST_EXPOSURE}`, path],
      ]);
      expect({ status, last: status === 0 ? "" : stdout }).toEqual({ status: 0, last: "" });
    },
  );

  test("runs as its own user, with settings and master key where the pages say", () => {
    const command = service.replace("acra-", "acra ");
    for (const line of [
      `User=${service}`,
      `EnvironmentFile=-/etc/acra/${service}.env`,
      `ExecStart=${command} --config_file=/etc/acra/${service}.yaml`,
      `StateDirectory=${service}`,
      "ProtectSystem=strict",
      "LimitCORE=0",
    ]) {
      expect(unit).toContain(`\n${line}\n`);
    }
  });
});
