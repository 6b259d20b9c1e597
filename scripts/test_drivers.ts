/** The drivers and libraries that some tests want from the distribution's packages. */

import type { DriverProgram } from "../test/compat/drivers.ts";
import { type Missing, missingPythonModule } from "../test/harness/missing.ts";
import { installDebianPackages } from "./debian_packages.ts";

interface Wanted {
  readonly packages: readonly string[];
  missing(): Missing;
}

/** What tests use besides drivers. */
const LIBRARIES: readonly Wanted[] = [
  {
    packages: ["python3-cryptography"],
    missing: () => missingPythonModule("cryptography"),
  },
];

/** Installs what is missing, where possible; says what stays missing: its tests skip themselves. */
export async function installDrivers(drivers: readonly DriverProgram[]): Promise<void> {
  const all: readonly Wanted[] = [...drivers, ...LIBRARIES];
  const absent = all.filter((wanted) => wanted.missing() !== null);
  const packages = new Set(absent.flatMap((wanted) => wanted.packages));
  const reason = await installDebianPackages([...packages]);
  for (const wanted of absent) {
    const still = wanted.missing();
    if (still !== null) {
      console.log(
        `tests with ${wanted.packages.join(", ")} will be skipped: ${still} (${reason ?? "?"})`,
      );
    }
  }
}
