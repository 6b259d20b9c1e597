/** What some tests want from the distribution's packages. */

import { BROWSER_PACKAGES, missingDrivenBrowser } from "../test/harness/browser.ts";
import { type Missing, missingProgram, missingPythonModule } from "../test/harness/missing.ts";
import { installDebianPackages } from "./debian_packages.ts";

/** Something that tests use, and the packages that bring it. */
interface Wanted {
  readonly packages: readonly string[];
  missing(): Missing;
}

function program(name: string, ...packages: readonly string[]): Wanted {
  return { packages, missing: () => missingProgram(name) };
}

function python(module: string): Wanted {
  return { packages: [`python3-${module}`], missing: () => missingPythonModule(module) };
}

const PSQL = program("psql", "postgresql-client");

/** What the usual run uses besides drivers. */
export const LIBRARIES: readonly Wanted[] = [
  python("cryptography"),
  python("django"),
  python("sqlalchemy"),
];

/** What the tests from end to end use. */
export const E2E_PROGRAMS: readonly Wanted[] = [
  python("cryptography"),
  python("django"),
  python("psycopg2"),
  { packages: ["python3-venv"], missing: () => missingPythonModule("ensurepip") },
  PSQL,
  { packages: BROWSER_PACKAGES, missing: missingDrivenBrowser },
];

/** What the tests of a release and its package use. */
export const PACKAGE_PROGRAMS: readonly Wanted[] = [
  PSQL,
  program("lintian", "lintian"),
  program("nft", "nftables"),
  program("docker-compose", "docker-compose"),
];

/** Installs what is missing, where possible; says what stays missing: its tests skip themselves. */
export async function installPackages(all: readonly Wanted[]): Promise<void> {
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
