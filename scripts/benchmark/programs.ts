/** Programs of the distribution that are measured or measure: found, or installed where that is possible. */

import { missingProgram } from "../../test/harness/missing.ts";
import { installDebianPackages } from "../debian_packages.ts";

/** The package starts services of its own that nobody here asked for: they are stopped. */
const PACKAGES = {
  pgbouncer: { package: "pgbouncer", service: "pgbouncer" },
  pgbench: { package: "postgresql-contrib", service: "postgresql" },
} as const;

/** Sees to it that the program is there; answers why it is not, else `null`. */
export async function provideProgram(name: keyof typeof PACKAGES): Promise<string | null> {
  if (missingProgram(name) === null) {
    return null;
  }
  const { package: wanted, service } = PACKAGES[name];
  const reason = await installDebianPackages([wanted]);
  if (reason !== null) {
    return `no program ${name}, and ${reason}`;
  }
  Bun.spawnSync(["service", service, "stop"], { stdio: ["ignore", "ignore", "ignore"] });
  return missingProgram(name);
}
