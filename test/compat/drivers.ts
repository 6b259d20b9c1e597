/** The drivers that are compared: how each program is made and started. */

import { join } from "node:path";
import { type Missing, missingProgram, missingPythonModule, PYTHON } from "../harness/missing.ts";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

/** A driver program in `drivers/`. */
export interface DriverProgram {
  readonly name: string;
  /** Packages of the distribution that it needs. */
  readonly packages: readonly string[];
  missing(): Missing;
  /** The command line, but for the file of cases; built first where it has to be. */
  command(): Promise<string[]>;
}

const FOLDER = join(import.meta.dir, "drivers");
const GO_PACKAGES = "/usr/share/gocode";
const JDBC_JAR = "/usr/share/java/postgresql.jar";

function script(name: string, file: string): DriverProgram {
  return {
    name,
    packages: [],
    missing: () => null,
    command: async () => [process.execPath, join(FOLDER, file)],
  };
}

function python(name: string, module: string, packages: readonly string[]): DriverProgram {
  return {
    name,
    packages,
    missing: () => missingPythonModule(module),
    command: async () => [PYTHON, "-B", join(FOLDER, `${module}_driver.py`)],
  };
}

function go(name: string, file: string, folder: string, packageName: string): DriverProgram {
  return {
    name,
    packages: ["golang-go", packageName],
    missing: () =>
      missingProgram("go", "version") ?? missingFolder(join(GO_PACKAGES, "src", folder)),
    command: async () => [await buildGo(file)],
  };
}

function missingFolder(path: string): Missing {
  return Bun.spawnSync(["test", "-e", path]).success ? null : `no ${path}`;
}

async function buildGo(file: string): Promise<string> {
  const folder = makeTemporaryFolder();
  const program = join(folder, file.replace(".go", ""));
  const built = await runProcess(["go", "build", "-o", program, "common.go", file], {
    cwd: join(FOLDER, "go"),
    env: { GO111MODULE: "off", GOPATH: GO_PACKAGES, GOFLAGS: "" },
    timeoutMs: 300_000,
  });
  if (built.status !== 0) {
    throw new Error(`go build ${file}: status ${built.status}\n${built.stderr}`);
  }
  return program;
}

const jdbc: DriverProgram = {
  name: "JDBC",
  packages: ["default-jdk-headless", "libpostgresql-jdbc-java"],
  missing: () => missingProgram("java", "-version") ?? missingFolder(JDBC_JAR),
  command: async () => ["java", "-cp", JDBC_JAR, join(FOLDER, "Jdbc.java")],
};

/** Drivers that every run of the tests compares. */
export const QUICK_DRIVERS: readonly DriverProgram[] = [
  {
    ...script("psql", "psql_driver.ts"),
    packages: ["postgresql-client"],
    missing: () => missingProgram("psql"),
  },
  script("node-postgres", "pg_driver.ts"),
  script("postgres.js", "postgres_js_driver.ts"),
  python("psycopg2", "psycopg2", ["python3-psycopg2"]),
  python("asyncpg", "asyncpg", ["python3-asyncpg"]),
];

/** All drivers. */
export const DRIVERS: readonly DriverProgram[] = [
  ...QUICK_DRIVERS,
  python("psycopg 3", "psycopg", ["python3-psycopg"]),
  python("SQLAlchemy", "sqlalchemy", ["python3-sqlalchemy", "python3-psycopg2"]),
  python("Django", "django", ["python3-django", "python3-psycopg2"]),
  go("lib/pq", "libpq.go", "github.com/lib/pq", "golang-github-lib-pq-dev"),
  go("pgx", "pgx.go", "github.com/jackc/pgx/v4", "golang-github-jackc-pgx-v4-dev"),
  jdbc,
];
