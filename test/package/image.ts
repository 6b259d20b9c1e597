/**
 * The image of the Dockerfile as a folder, made without an engine: its steps are carried out in order,
 * with the Bun of this test and the C library of this machine in place of the two base images.
 */

import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { runProcess } from "../harness/process.ts";
import { makeTemporaryFolder } from "../harness/reaper.ts";

const ROOT = resolve(import.meta.dir, "..", "..");
const BUILD_TIMEOUT_MS = 300_000;

/** What `base-debian12` has of the C library, by the names that programs ask for. */
const BASE_LIBRARIES = /^(libc|libm|libdl|libpthread|librt|ld-linux-[a-z0-9-]+)\.so\.\d+$/;

interface Stage {
  readonly name: string;
  /** The folder that is the stage's `/`. */
  readonly folder: string;
  workdir: string;
}

/**
 * Carries the Dockerfile out; answers the folder of its last stage.
 * @throws Error when a step fails, or is of a kind that is not known here.
 */
export async function makeImage(): Promise<string> {
  const text = readFileSync(join(ROOT, "Dockerfile"), "utf8").replaceAll(/^#.*$/gm, "");
  const stages: Stage[] = [];
  for (const [, word = "", rest = ""] of text.matchAll(/^([A-Z]+) (.+)$/gm)) {
    const stage = stages.at(-1);
    if (word === "FROM") {
      const [, , name = ""] = rest.split(" ");
      stages.push({ name, folder: makeTemporaryFolder(), workdir: "/" });
    } else if (stage !== undefined) {
      await carryOut(word, rest, stage, stages);
    }
  }
  const last = stages.at(-1);
  if (last === undefined) {
    throw new Error("the Dockerfile has no stage");
  }
  await layBase(last.folder);
  return last.folder;
}

/** What only describes the image changes no file. */
const DESCRIPTIONS = new Set(["ARG", "USER", "EXPOSE", "ENTRYPOINT", "CMD", "HEALTHCHECK"]);

async function carryOut(
  word: string,
  rest: string,
  stage: Stage,
  stages: readonly Stage[],
): Promise<void> {
  if (word === "WORKDIR") {
    stage.workdir = rest;
    mkdirSync(join(stage.folder, rest), { recursive: true });
  } else if (word === "COPY") {
    await copy(rest.split(" "), stage, stages);
  } else if (word === "RUN") {
    await runStep(rest, stage);
  } else if (!DESCRIPTIONS.has(word)) {
    throw new Error(`a step of the Dockerfile that is not known here: ${word} ${rest}`);
  }
}

async function copy(words: string[], stage: Stage, stages: readonly Stage[]): Promise<void> {
  const from = words[0]?.startsWith("--from=") ? words.shift()?.slice("--from=".length) : undefined;
  const source = from === undefined ? ROOT : stages.find(({ name }) => name === from)?.folder;
  const target = words.pop() ?? "";
  const place = resolve(join(stage.folder, stage.workdir), `.${join("/", target)}`);
  const absolute = target.startsWith("/") ? join(stage.folder, target) : place;
  for (const word of words) {
    const destination = target.endsWith("/") ? join(absolute, word) : absolute;
    mkdirSync(dirname(destination), { recursive: true });
    await cp(join(source ?? "", word), destination, { recursive: true, mode: 0 });
  }
}

/** Paths of the build folder are those of the stage's folder here. */
async function runStep(line: string, { folder, workdir }: Stage): Promise<void> {
  const place = join(folder, workdir);
  const { status, stdout, stderr } = await runProcess(
    ["sh", "-eu", "-c", line.replaceAll(`=${workdir}/`, `=${place}/`)],
    {
      cwd: place,
      timeoutMs: BUILD_TIMEOUT_MS,
      env: { ACRA_COMMIT: "", PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}` },
    },
  );
  if (status !== 0) {
    throw new Error(`${line}: status ${status}\n${stdout}\n${stderr}`);
  }
}

/** Lays what the program needs of the base image, and nothing that is not in it. */
async function layBase(folder: string): Promise<void> {
  const program = join(folder, "usr/local/bin/acra");
  const { stdout } = await runProcess(["ldd", program]);
  const paths = [...stdout.matchAll(/^\s*(?:\S+ => )?(\/\S+) \(/gm)].map(([, path = ""]) => path);
  for (const path of paths) {
    const name = path.split("/").at(-1) ?? "";
    if (!BASE_LIBRARIES.test(name)) {
      throw new Error(`the program needs ${name}, which the base image does not have`);
    }
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    await cp(path, join(folder, path), { dereference: true });
  }
  for (const name of ["etc", "tmp", "proc", "sys", "dev", "run", "keys", "certificates"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  chmodSync(folder, 0o755);
  writeFileSync(
    join(folder, "etc/passwd"),
    "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
  );
  writeFileSync(join(folder, "etc/hosts"), "");
}
