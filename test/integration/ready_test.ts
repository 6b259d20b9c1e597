/** `acra ready` asks real programs, and says what is wrong when nobody or somebody else answers. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import {
  type AcraKeys,
  type AcraProcess,
  acraCommand,
  makeKeys,
  startAcraServer,
} from "../harness/acra.ts";
import { findFreePort } from "../harness/ports.ts";
import { type FinishedProcess, runProcess } from "../harness/process.ts";

let keys: AcraKeys;
let database: Server;
let server: AcraProcess;
let metricsPort: number;

beforeAll(async () => {
  keys = await makeKeys();
  const port = await findFreePort();
  metricsPort = await findFreePort();
  database = createServer((socket) => socket.end()).listen(port, "127.0.0.1");
  server = await startAcraServer(
    { host: "127.0.0.1", port },
    { keys, flags: [`--prometheus_metrics_address=tcp://127.0.0.1:${metricsPort}/`] },
  );
});

afterAll(async () => {
  await server?.stop();
  database?.close();
});

async function ready(port: number, ...flags: string[]): Promise<FinishedProcess> {
  return await runProcess([
    ...acraCommand(),
    "ready",
    `--address=tcp://127.0.0.1:${port}/`,
    ...flags,
  ]);
}

test("acra ready ends with 0 while the server can serve, and asks no proxy", async () => {
  const nobody = `http://127.0.0.1:${await findFreePort()}`;
  const answer = await runProcess(
    [...acraCommand(), "ready", `--address=tcp://127.0.0.1:${metricsPort}/`, "--wait=20"],
    { env: { HTTP_PROXY: nobody, http_proxy: nobody } },
  );
  expect(answer).toEqual({ status: 0, stdout: "ready", stderr: "" });
});

test("acra ready ends with 1 and the server's reason when it cannot serve", async () => {
  await rename(keys.serverFolder, `${keys.serverFolder}-away`);
  try {
    // An answer that was just given is shared for half a second.
    await Bun.sleep(700);
    const answer = await ready(metricsPort);
    expect(answer.status).toBe(1);
    expect(answer.stderr).toContain("error: not ready: the keys cannot be read");
  } finally {
    await rename(`${keys.serverFolder}-away`, keys.serverFolder);
  }
});

test("acra ready waits for a program that is about to serve, and not for ever", async () => {
  const port = await findFreePort();
  const answer = ready(port, "--wait=20");
  await Bun.sleep(600);
  const late = Bun.serve({ port, hostname: "127.0.0.1", fetch: () => new Response("ok\n") });
  expect(await answer).toMatchObject({ status: 0, stdout: "ready" });
  await late.stop(true);
  const started = performance.now();
  expect((await ready(port, "--wait=1")).status).toBe(1);
  expect(performance.now() - started).toBeGreaterThan(1_000);
});

test("acra ready does not wait for an address that is none", async () => {
  const started = performance.now();
  const command = [...acraCommand(), "ready", "--address=nonsense", "--wait=20"];
  const { status, stderr } = await runProcess(command);
  expect(status).toBe(1);
  expect(stderr).toContain("--address: ");
  expect(performance.now() - started).toBeLessThan(10_000);
});

test("acra ready says that nobody listens, or that somebody else does, or is silent", async () => {
  const refused = await ready(await findFreePort());
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/^error: .*refused/i);

  const other = await ready(server.port);
  expect(other.status).toBe(1);

  const silentPort = await findFreePort();
  const silent = createServer(() => {}).listen(silentPort, "127.0.0.1");
  const unanswered = await ready(silentPort, "--timeout=1");
  silent.close();
  expect(unanswered.status).toBe(1);
  expect(unanswered.stderr).toContain("no answer within 1000 ms");
});
