/**
 * Acra's own programs as processes: keys in temporary folders, a server and a connector that are
 * ready when the promise resolves. Runs the compiled binary when `ACRA_BINARY` names one, else the
 * sources, and with as many workers as `ACRA_TEST_WORKERS` says, or as many as usual.
 */

import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { findFreePort, waitForListener } from "./ports.ts";
import { type FinishedProcess, type RunningProcess, runProcess, startProcess } from "./process.ts";
import { makeTemporaryFolder } from "./reaper.ts";
import { isReachableByOthers, type User } from "./users.ts";

/** Client id of the keys, unless a test wants another. */
export const CLIENT_ID = "test_client";

/** The command line that starts acra. */
export function acraCommand(): string[] {
  const binary = process.env["ACRA_BINARY"];
  return binary ? [resolve(binary)] : sourceCommand();
}

/** What a script needs that starts acra by a name: the text of a launcher for it. */
export function acraLauncher(): string {
  const words = acraCommand().map((word) => `'${word}'`);
  return `#!/bin/sh\nexec ${words.join(" ")} "$@"\n`;
}

/** Lays a launcher with the name `acra` into a folder; answers the folder, for PATH. */
export function layAcra(folder: string): string {
  const path = join(folder, "acra");
  writeFileSync(path, acraLauncher());
  chmodSync(path, 0o755);
  return folder;
}

/** The command line that starts acra from its sources: `options` are those of the runtime. */
export function sourceCommand(...options: readonly string[]): string[] {
  return [process.execPath, ...options, join(import.meta.dir, "../../src/main.ts")];
}

let reachable: string[] | null = null;

/**
 * The command line that starts acra as another user, who may not enter the folder of this checkout:
 * a copy of the binary then. `null` when there is no binary to copy.
 */
export function reachableAcraCommand(): string[] | null {
  const command = acraCommand();
  if (command.every(isReachableByOthers)) {
    return command;
  }
  const [binary] = command;
  if (reachable === null && command.length === 1 && binary !== undefined) {
    const folder = makeTemporaryFolder();
    chmodSync(folder, 0o711);
    const copy = join(folder, "acra");
    copyFileSync(binary, copy);
    chmodSync(copy, 0o755);
    reachable = [copy];
  }
  return reachable;
}

/** Key folders as `acra keys layout` makes them, and what is needed to use them. */
export interface AcraKeys {
  readonly clientId: string;
  /** Holds the folders `acra-server`, `acra-connector` and `acra-writer`. */
  readonly folder: string;
  readonly serverFolder: string;
  readonly connectorFolder: string;
  /** Content of `ID_storage.pub`, for the writer. */
  readonly storagePublicKey: Uint8Array;
  /** Standard base64. */
  readonly masterKey: string;
}

/** Makes fresh keys in a temporary folder. */
export async function makeKeys(clientId = CLIENT_ID): Promise<AcraKeys> {
  const parent = makeTemporaryFolder();
  chmodSync(parent, 0o711);
  const folder = join(parent, "keys");
  const masterKey = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");
  await runAcra(["keys", "layout", "--keys_dir", folder, "--client_id", clientId], { masterKey });
  return {
    clientId,
    folder,
    serverFolder: join(folder, "acra-server"),
    connectorFolder: join(folder, "acra-connector"),
    storagePublicKey: await Bun.file(
      join(folder, "acra-writer", `${clientId}_storage.pub`),
    ).bytes(),
    masterKey,
  };
}

/** A fresh poison record for the server's keys. */
export async function makePoisonRecord(keys: AcraKeys): Promise<Uint8Array> {
  const { stdout } = await runAcra(["poisonrecordmaker", "--keys_dir", keys.serverFolder], keys);
  return new Uint8Array(Buffer.from(stdout.trim(), "base64"));
}

/**
 * Runs a command of acra to its end.
 * @throws Error with what it said when its exit status is not 0.
 */
export async function runAcra(
  args: string[],
  keys: Pick<AcraKeys, "masterKey">,
): Promise<FinishedProcess> {
  const result = await runProcess([...acraCommand(), ...args], {
    env: { ACRA_MASTER_KEY: keys.masterKey },
  });
  if (result.status !== 0) {
    throw new Error(`acra ${args.join(" ")}: status ${result.status}\n${result.stderr}`);
  }
  return result;
}

/** Time for all workers to begin, in ms. */
const READY_MS = 20_000;

/** A server or connector that accepts connections. */
export interface AcraProcess {
  readonly port: number;
  readonly process: RunningProcess;
  /** Stops it as an operator would; answers the exit status. */
  stop(): Promise<number>;
}

/** How to start a server or a connector. */
export interface AcraOptions {
  readonly keys: AcraKeys;
  /** Further flags, as on the command line. */
  readonly flags?: readonly string[];
  readonly user?: User | null;
  readonly env?: Record<string, string>;
  /** Listens there when the port is free. */
  readonly preferredPort?: number;
  /** Started in place of the usual command. */
  readonly command?: readonly string[];
}

/** Starts `acra server` in front of a database; Secure Session unless `flags` say otherwise. */
export async function startAcraServer(
  database: { readonly host: string; readonly port: number },
  options: AcraOptions,
): Promise<AcraProcess> {
  const port = await findFreePort(options.preferredPort);
  return await startDaemon(port, options, [
    "server",
    `--db_host=${database.host}`,
    `--db_port=${database.port}`,
    `--incoming_connection_string=tcp://127.0.0.1:${port}/`,
    `--keys_dir=${options.keys.serverFolder}`,
  ]);
}

/**
 * Starts `acra connector` in front of a server. The owner check is off: tests run as one user.
 */
export async function startAcraConnector(
  server: { readonly port: number },
  options: AcraOptions & { readonly ownerCheck?: boolean },
): Promise<AcraProcess> {
  const port = await findFreePort(options.preferredPort);
  return await startDaemon(port, options, [
    "connector",
    `--client_id=${options.keys.clientId}`,
    `--incoming_connection_string=tcp://127.0.0.1:${port}/`,
    `--acraserver_connection_string=tcp://127.0.0.1:${server.port}/`,
    `--keys_dir=${options.keys.connectorFolder}`,
    `--user_check_disable=${options.ownerCheck !== true}`,
  ]);
}

/**
 * Resolves when the daemon with metrics at this port says that it could serve, for which all of its
 * workers have to listen.
 */
export async function untilReady(metricsPort: number): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/readyz`);
    if (answer.status === 200) {
      return;
    }
    const text = await answer.text();
    if (Date.now() > end) {
      throw new Error(`not ready after ${READY_MS} ms: ${text}`);
    }
    await Bun.sleep(50);
  }
}

/** The number of workers that `ACRA_TEST_WORKERS` asks for; other flags come later and win. */
function workerFlags(): readonly string[] {
  const count = process.env["ACRA_TEST_WORKERS"] ?? "";
  return count === "" ? [] : [`--workers=${count}`];
}

/** Starts a daemon that listens on the port once it is ready. */
export async function startDaemon(
  port: number,
  options: AcraOptions,
  args: string[],
): Promise<AcraProcess> {
  const [name = "", ...rest] = args;
  const flags = [...workerFlags(), ...rest, ...(options.flags ?? [])];
  const command = [...(options.command ?? acraCommand()), name, ...flags];
  const daemon = startProcess(command, {
    user: options.user ?? null,
    // The checkout may be closed to that user, and its configs/ are nobody's business here.
    cwd: "/",
    env: { ACRA_MASTER_KEY: options.keys.masterKey, ...options.env },
  });
  const ended = daemon.exited.then((status) => {
    const said = daemon.stderr.text;
    throw new Error(`acra ${args[0]} ended with status ${status} before it was ready:\n${said}`);
  });
  await Promise.race([waitForListener(port), ended]);
  ended.catch(() => {});
  return { port, process: daemon, stop: () => daemon.stop("SIGTERM") };
}
