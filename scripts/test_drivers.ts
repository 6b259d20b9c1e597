/** The drivers and libraries that some integration tests want from the distribution's packages. */

import { type Missing, missingProgram, missingPythonModule } from "../test/harness/missing.ts";
import { installDebianPackages } from "./debian_packages.ts";

const DRIVERS: readonly { readonly package: string; readonly find: () => Missing }[] = [
  { package: "postgresql-client", find: () => missingProgram("psql") },
  { package: "python3-psycopg2", find: () => missingPythonModule("psycopg2") },
  { package: "python3-asyncpg", find: () => missingPythonModule("asyncpg") },
  { package: "python3-cryptography", find: () => missingPythonModule("cryptography") },
];

/** Installs what is missing, where possible; says what stays missing: its tests skip themselves. */
export async function installDrivers(): Promise<void> {
  const missing = DRIVERS.filter((driver) => driver.find() !== null);
  const reason = await installDebianPackages(missing.map((driver) => driver.package));
  for (const driver of DRIVERS) {
    const still = driver.find();
    if (still !== null) {
      console.log(`tests with ${driver.package} will be skipped: ${still} (${reason ?? "?"})`);
    }
  }
}
