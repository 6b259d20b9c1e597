/** Runs everything that is tested and adds up the counts. `scripts/test` starts it. */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { DRIVERS, QUICK_DRIVERS } from "../test/compat/drivers.ts";
import { runScript } from "./run_script.ts";
import { addCounts, type Counts, readCountsLine, readJunitCounts } from "./test_counts.ts";
import { E2E_PROGRAMS, installPackages, LIBRARIES, PACKAGE_PROGRAMS } from "./test_drivers.ts";

const ROOT = resolve(import.meta.dir, "..");
const BINARY = join(ROOT, "dist", "acra");

/** Everything whose outcome depends on the provider of the primitives. */
const PORTABLE_FOLDERS = [
  "crypto",
  "themis",
  "acrastruct",
  "poison",
  "zones",
  "writer",
  "pipeline",
  "keystore",
  "accounts",
];

/** `bun test` as every part uses it: some tests start a database and several processes. */
const BUN_TEST = ["bun", "test", "--timeout=60000", "--only-failures"];

/** Named one by one: a plain run of `bun test` finds none of them. */
const E2E_FILES = [
  ...["django", "orm", "tutorial_django"].map((name) => `./test/e2e/${name}_e2e.ts`),
  "./test/integration/quickstart_test.ts",
];
/** Too long for every run, so that their names are none of a test's. */
const PACKAGE_CHECKS = [
  "./test/package/release_checks.ts",
  "./test/package/deb_checks.ts",
  "./test/package/compose_checks.ts",
  "./test/package/deploy_checks.ts",
];

/** One step of the run: it passes as one, or has tests of its own to count, or says the counts last. */
interface Part {
  readonly title: string;
  readonly command: readonly string[];
  readonly env?: Record<string, string>;
  readonly counts: "one" | "junit" | "last line";
}

const UNIT_PARTS: readonly Part[] = [
  { title: "unit tests", command: [...BUN_TEST, "./src/", "./scripts/"], counts: "junit" },
  {
    title: "unit tests and vectors with the portable primitives",
    command: [
      ...BUN_TEST,
      "--conditions=portable",
      "./test/vectors/",
      ...PORTABLE_FOLDERS.map((folder) => `./src/${folder}/`),
    ],
    counts: "junit",
  },
];

const BUILD_PART: Part = { title: "build", command: ["bun", "run", "build"], counts: "one" };

const ALL_PARTS: readonly Part[] = [
  { title: "types and lint", command: ["bun", "run", "lint"], counts: "one" },
  BUILD_PART,
  ...UNIT_PARTS,
  {
    title: "integration tests and command line scripts",
    command: [...BUN_TEST, "./test/"],
    env: { ACRA_BINARY: BINARY },
    counts: "junit",
  },
];

/** What is run only when it was asked for. */
const LONG_PART_NAMES = ["faults", "soak", "compat", "e2e", "package"] as const;
type LongPart = (typeof LONG_PART_NAMES)[number];

/** Parts that a run consists of when it was asked for them by name. */
const LONG_PARTS: Readonly<Record<LongPart, readonly Part[]>> = {
  faults: [
    BUILD_PART,
    {
      title: "the whole fault matrix",
      command: [...BUN_TEST, "./test/faults/"],
      env: { ACRA_BINARY: BINARY, ACRA_FAULTS: "all" },
      counts: "junit",
    },
  ],
  soak: [
    BUILD_PART,
    {
      title: "soak",
      command: ["bun", "test/soak/main.ts"],
      env: { ACRA_BINARY: BINARY },
      counts: "one",
    },
  ],
  compat: [
    BUILD_PART,
    {
      title: "the contract with every driver",
      command: ["bun", "test/compat/main.ts"],
      env: { ACRA_BINARY: BINARY },
      counts: "last line",
    },
  ],
  e2e: [
    BUILD_PART,
    {
      title: "end to end",
      command: [...BUN_TEST, ...E2E_FILES],
      env: { ACRA_BINARY: BINARY },
      counts: "junit",
    },
  ],
  package: [
    { title: "release", command: ["scripts/release"], counts: "one" },
    {
      title: "the release, and its package on a machine",
      command: [...BUN_TEST, ...PACKAGE_CHECKS],
      env: { ACRA_RELEASE: join(ROOT, "dist", "release") },
      counts: "junit",
    },
  ],
};

const skips: string[] = [];

async function runPart(part: Part, reports: string): Promise<Counts> {
  const started = performance.now();
  console.log(`\n== ${part.title}`);
  const report = join(reports, "report.xml");
  rmSync(report, { force: true });
  const reporting =
    part.counts === "junit" ? ["--reporter=junit", `--reporter-outfile=${report}`] : [];
  const child = Bun.spawn([...part.command, ...reporting], {
    cwd: ROOT,
    env: { ...process.env, ...part.env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [lastLine] = await Promise.all([printAndGather(child.stdout), child.exited]);
  const counts = countsOf(part, { status: child.exitCode ?? 1, report, lastLine });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`== ${part.title}: ${format(counts)} in ${seconds} s`);
  return counts;
}

/** Passes the output on, answers its last line; lines of skipped tests are kept for the end. */
async function printAndGather(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let lastLine = "";
  for await (const chunk of stream) {
    await Bun.write(Bun.stdout, chunk);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    skips.push(...lines.filter((line) => line.startsWith("skip: ")));
    lastLine = lines.at(-1) ?? lastLine;
  }
  return rest || lastLine;
}

interface Ending {
  readonly status: number;
  /** File of the report, if there is one. */
  readonly report: string;
  readonly lastLine: string;
}

const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

function readCounts(part: Part, { report, lastLine }: Ending): Counts {
  if (part.counts === "last line") {
    return readCountsLine(lastLine) ?? NOTHING;
  }
  return existsSync(report) ? readJunitCounts(report) : NOTHING;
}

function countsOf(part: Part, ending: Ending): Counts {
  const { status } = ending;
  if (part.counts === "one") {
    return { passed: status === 0 ? 1 : 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  }
  const counts = readCounts(part, ending);
  if (counts.passed + counts.failed === 0) {
    console.log(`${part.title}: no test ran, which counts as a failure`);
    return { ...counts, failed: 1 };
  }
  // An error outside of any test, such as a file that cannot be loaded, has no entry of its own.
  return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

function format({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const USAGE = `scripts/test [options]

Runs what is tested, and ends with the line "N passed, N failed, N skipped".

  --quick     unit tests only
  --faults    the whole fault matrix, in place of the selection that belongs to every run
  --soak      many reconnects, idle sessions and millions of messages; some ten minutes
  --compat    the contract of test/compat with every driver, direct and through acra; some four minutes
  --e2e       sites and programs as their users see them, in a real browser; some two minutes
  --package   a whole release, made twice; its Debian package on a machine of its own; some three minutes`;

async function main(): Promise<void> {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    options: { quick: flag, faults: flag, soak: flag, compat: flag, e2e: flag, package: flag },
  });
  const asked = LONG_PART_NAMES.filter((name) => values[name]);
  if (values.compat) {
    await installPackages(DRIVERS);
  } else if (!values.quick && asked.length === 0) {
    await installPackages([...QUICK_DRIVERS, ...LIBRARIES]);
  }
  if (values.e2e) {
    await installPackages(E2E_PROGRAMS);
  }
  if (values.package) {
    await installPackages(PACKAGE_PROGRAMS);
  }
  const usual = values.quick ? UNIT_PARTS : ALL_PARTS;
  const total = await runParts(
    asked.length > 0 ? asked.flatMap((name) => LONG_PARTS[name]) : usual,
  );
  console.log("");
  for (const line of new Set(skips)) {
    console.log(line);
  }
  console.log(format(total));
  process.exitCode = total.failed === 0 ? 0 : 1;
}

async function runParts(parts: readonly Part[]): Promise<Counts> {
  const reports = mkdtempSync(join(tmpdir(), "acra-reports-"));
  let total = NOTHING;
  try {
    for (const part of parts) {
      total = addCounts(total, await runPart(part, reports));
    }
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
  return total;
}

await runScript(USAGE, main);
