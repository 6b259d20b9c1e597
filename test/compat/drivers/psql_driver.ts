/** psql: the steps of a case as one script on its standard input. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Step, Value } from "../steps.ts";
import {
  bytesOf,
  canonical,
  type Driver,
  type Login,
  runDriver,
  SETTINGS,
  TLS_QUERY,
} from "./common.ts";

/** Ends what one step printed, on both streams. */
const MARK = "=== end of a step ===";

const folder = mkdtempSync(join(tmpdir(), "acra-compat-psql-"));

async function run(steps: readonly Step[]): Promise<unknown[]> {
  const alone = steps.some(({ op }) => op === "login" || op === "tls");
  const scripts = alone ? steps.map((step) => [step]) : [steps];
  const answers: unknown[] = [];
  for (const script of scripts) {
    answers.push(...(await runScript(script)));
  }
  return answers;
}

/** Answers what each step printed on both streams. */
async function runScript(steps: readonly Step[]): Promise<unknown[]> {
  const login = loginOf(steps[0]);
  const script = join(folder, "script");
  const ends = `\\echo ${MARK}\n\\warn ${MARK}\n`;
  await Bun.write(script, steps.map((step) => `${scriptOf(step)}\n${ends}`).join(""));
  const child = Bun.spawn(
    ["psql", "-XAq", "-v", "VERBOSITY=verbose", "-P", "null=NULL", "-f", script],
    {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PGHOST: SETTINGS.host,
        PGPORT: String(SETTINGS.port),
        PGUSER: SETTINGS.user,
        PGPASSWORD: login.password ?? SETTINGS.password,
        PGDATABASE: login.database ?? SETTINGS.database,
        PGSSLMODE: login.sslmode ?? SETTINGS.sslmode,
        PGSSLROOTCERT: SETTINGS.sslrootcert,
        PGCLIENTENCODING: "UTF8",
      },
    },
  );
  const out = text(child.stdout);
  const errors = readErrors(child, steps[0]?.op === "cancel");
  await child.exited;
  const outs = (await out).split(`${MARK}\n`);
  // Where the script broke off, the last part is what came after the last mark.
  return (await errors)
    .split(`${MARK}\n`)
    .slice(0, steps.length)
    .map((lines, step) => ({ out: show(outs[step] ?? ""), errors: show(lines) }));
}

/** What it prints on stderr; interrupts it until something comes when it is to be cancelled. */
async function readErrors(child: Bun.Subprocess<"ignore", "pipe", "pipe">, cancel: boolean) {
  const timer = setInterval(() => cancel && child.kill("SIGINT"), 300);
  const decoder = new TextDecoder();
  let errors = "";
  for await (const chunk of child.stderr) {
    clearInterval(timer);
    errors += decoder.decode(chunk, { stream: true });
  }
  clearInterval(timer);
  return errors;
}

function loginOf(step: Step | undefined): Login {
  if (step?.op === "tls") {
    return { sslmode: step.mode };
  }
  return step?.op === "login" ? step : {};
}

/** Process ids and OIDs differ from run to run. */
function show(text: string): string[] {
  return text
    .trimEnd()
    .replaceAll(folder, "FOLDER")
    .replaceAll(/(with PID|lo_import) \d+/g, "$1 N")
    .split("\n")
    .map((line) => line.split("|").map(canonical).join("|"));
}

function literal(value: Value): string {
  const bytes = bytesOf(value);
  if (bytes !== null) {
    return `'\\x${bytes.toString("hex")}'`;
  }
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

function scriptOf(step: Step): string {
  switch (step.op) {
    case "query":
      return `${step.sql.replaceAll(/\$(\d+)(?!\d)/g, (_, n) => literal(step.params?.[n - 1] ?? null))};`;
    case "statements":
      return `${step.sql.replaceAll(";", "\\;")};`;
    case "parts":
      // It reads to the end, by a cursor of its own.
      return `\\set FETCH_COUNT ${step.fetch}\n${step.sql};\n\\set FETCH_COUNT 0`;
    case "copy_in":
      return `copy ${step.table}(${step.columns}) from stdin;\n${step.rows.map((row) => row.join("\t")).join("\n")}\n\\.`;
    case "copy_through": {
      const file = join(folder, "copied");
      return [
        `\\${step.out.replace("stdout", file)}`,
        `\\${step.into.replace("stdin", file)}`,
      ].join("\n");
    }
    case "listen":
      return `listen ${step.channel};\nnotify ${step.channel}, '${step.payload}';\nselect 1 as one;`;
    case "large_object": {
      const file = join(folder, "object");
      Bun.write(file, Buffer.from(step.hex.repeat(step.times), "hex"));
      return `\\lo_import ${file}\n\\lo_export :LASTOID ${file}\nselect md5(lo_get(:LASTOID));\n\\lo_unlink :LASTOID`;
    }
    case "copy_out":
    case "notices":
    case "cancel":
      return `${step.sql};`;
    case "login":
      return "select 1 as one;";
    case "tls":
      return `${TLS_QUERY};`;
    case "pipeline":
      return step.queries.join(";");
  }
}

const version = Bun.spawnSync(["psql", "--version"]).stdout.toString();

const driver: Driver = {
  name: "psql",
  version: /\d+(\.\d+)*/.exec(version)?.[0] ?? "",
  cannot(step) {
    if (step.op === "pipeline") {
      return "waits for every answer";
    }
    if (step.op === "query" && step.format === "binary") {
      return "reads text results only";
    }
    return step.op === "query" && step.protocol !== undefined ? "sends simple queries only" : null;
  },
  run,
};

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
await runDriver(driver);
