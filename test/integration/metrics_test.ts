/** Metrics and health of server and connector as a scraper sees them: real processes, exact counts. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { rename } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createAcrastruct } from "../../src/writer/mod.ts";
import {
  type AcraKeys,
  type AcraProcess,
  acraCommand,
  makeKeys,
  makePoisonRecord,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { message, RawClient, startupMessage } from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";
import { runProcess } from "../harness/process.ts";

const SAMPLE = /^([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)+\})? (-?[0-9.e+-]+|\+Inf)$/;
const COMMENT = /^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$/;
const PLAINTEXT = Buffer.from("4929 1273 4096 1111");
const END = "\0";

let database: PostgresServer;
let keys: AcraKeys;
let server: AcraProcess;
let connector: AcraProcess;
let serverMetrics: string;
let connectorMetrics: string;

beforeAll(async () => {
  [database, keys] = await Promise.all([startPostgres({ login: "trust" }), makeKeys()]);
  const ports = [await findFreePort(), await findFreePort()] as const;
  [serverMetrics, connectorMetrics] = [`127.0.0.1:${ports[0]}`, `127.0.0.1:${ports[1]}`];
  server = await startAcraServer(database, {
    keys,
    flags: [`--prometheus_metrics_address=tcp://${serverMetrics}`],
  });
  connector = await startAcraConnector(server, {
    keys,
    flags: [`--incoming_connection_prometheus_metrics_string=tcp://${connectorMetrics}/`],
  });
});

afterAll(async () => {
  for (const part of [connector, server, database]) {
    await part?.stop();
  }
});

/** All samples of a scrape; every line has to be one, or a comment, and no sample comes twice. */
async function scrape(address: string): Promise<Map<string, number>> {
  const response = await fetch(`http://${address}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  const samples = new Map<string, number>();
  for (const line of (await response.text()).split("\n").filter((text) => text !== "")) {
    const [, name = "", labels = "", value = ""] = SAMPLE.exec(line) ?? [];
    if (name === "") {
      expect(line).toMatch(COMMENT);
    } else {
      expect(samples.has(name + labels)).toBe(false);
      samples.set(name + labels, Number(value.replace("+Inf", "Infinity")));
    }
  }
  return samples;
}

/** Scrapes until no session is open. */
async function scrapeWhenIdle(address: string, service: string): Promise<Map<string, number>> {
  const end = Date.now() + 5_000;
  for (;;) {
    const samples = await scrape(address);
    if (samples.get(`${service}_sessions{connection_type="db"}`) === 0) {
      return samples;
    }
    expect(Date.now()).toBeLessThan(end);
    await Bun.sleep(20);
  }
}

async function ask(address: string, path: string, init?: RequestInit): Promise<string> {
  const response = await fetch(`http://${address}${path}`, init);
  return `${response.status} ${await response.text()}`;
}

/** Asks until readiness is what it should be: one answer is shared for a short time. */
async function untilReadiness(address: string, wanted: string): Promise<void> {
  const end = Date.now() + 5_000;
  while ((await ask(address, "/readyz")) !== wanted) {
    expect(Date.now()).toBeLessThan(end);
    await Bun.sleep(50);
  }
}

test("answers a request of HTTP/1.0 that names no host, as load balancers ask", async () => {
  const [host = "", port = ""] = serverMetrics.split(":");
  const socket = connect(Number(port), host);
  socket.write("GET /healthz HTTP/1.0\r\n\r\n");
  const chunks = await Array.fromAsync(socket);
  expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1\.[01] 200 /);
});

test("counts a session's connections, bytes, AcraStructs and alarms exactly", async () => {
  const sealed = createAcrastruct(PLAINTEXT, keys.storagePublicKey);
  const broken = sealed.with(sealed.length - 1, (sealed.at(-1) ?? 0) ^ 1);
  const cells = [sealed, sealed, broken, await makePoisonRecord(keys)];
  const columns = cells.map((cell) => `'\\x${Buffer.from(cell).toString("hex")}'::bytea`);
  const client = await RawClient.connect(connector.port);
  client.send(startupMessage({ user: database.user, database: database.database }));
  await client.until("Z");
  expect((await scrape(serverMetrics)).get('acraserver_sessions{connection_type="db"}')).toBe(1);
  client.send(message("Q", `SELECT ${columns.join(", ")}${END}`));
  await client.until("Z");
  client.send(message("X"));
  await client.untilClosed();
  const { bytesWritten, bytesRead } = client.socket;
  const removed = 2 * 2 * (sealed.length - PLAINTEXT.length);

  const far = await scrapeWhenIdle(serverMetrics, "acraserver");
  expect(Object.fromEntries(far)).toMatchObject({
    'acraserver_connections_total{connection_type="db"}': 1,
    'acraserver_connections_processing_seconds_count{connection_type="db"}': 1,
    'acraserver_connections_processing_seconds_bucket_count{connection_type="db"}': 1,
    'acraserver_connections_processing_seconds_bucket_bucket{le="86400",connection_type="db"}': 1,
    'acra_acrastruct_decryptions_total{status="success"}': 2,
    'acra_acrastruct_decryptions_total{status="fail"}': 2,
    acraserver_poison_alarms_total: 1,
    'acraserver_bytes_total{leg="client",direction="in"}': bytesWritten,
    'acraserver_bytes_total{leg="database",direction="out"}': bytesWritten,
    'acraserver_bytes_total{leg="client",direction="out"}': bytesRead,
    'acraserver_bytes_total{leg="database",direction="in"}': bytesRead + removed,
    'acraserver_leg_latency_seconds_count{leg="client",step="handshake"}': 1,
    'acraserver_leg_latency_seconds_count{leg="database",step="connect"}': 1,
    'acraserver_leg_latency_seconds_count{leg="database",step="answer"}': 2,
    'acraserver_leg_latency_seconds_bucket{leg="database",step="answer",le="+Inf"}': 2,
    acraserver_version_minor: 82,
  });
  const requests = far.get('acraserver_request_processing_seconds_count{db="postgresql"}');
  expect(requests).toBeGreaterThanOrEqual(3);
  const wholeCell = '{db="postgresql",mode="wholecell"}';
  const responses = far.get(`acraserver_response_processing_seconds_bucket_count${wholeCell}`);
  expect(responses).toBeGreaterThanOrEqual(2);
  expect(far.get("process_resident_memory_bytes")).toBeGreaterThan(1e6);
  const openFiles = far.get("process_open_fds") ?? 0;
  expect(openFiles).toBeGreaterThan(3);
  expect(far.get("process_max_fds")).toBeGreaterThan(openFiles);

  const near = await scrapeWhenIdle(connectorMetrics, "acraconnector");
  expect(Object.fromEntries(near)).toMatchObject({
    'acraconnector_connections_total{connection_type="db"}': 1,
    'acraconnector_connections_processing_seconds_bucket_count{connection_type="db"}': 1,
    'acraconnector_bytes_total{leg="client",direction="in"}': bytesWritten,
    'acraconnector_bytes_total{leg="server",direction="out"}': bytesWritten,
    'acraconnector_bytes_total{leg="server",direction="in"}': bytesRead,
    'acraconnector_bytes_total{leg="client",direction="out"}': bytesRead,
    'acraconnector_leg_latency_seconds_count{leg="server",step="connect"}': 1,
    'acraconnector_leg_latency_seconds_count{leg="server",step="handshake"}': 1,
    'acraconnector_leg_latency_seconds_count{leg="server",step="answer"}': 2,
  });
});

test("counts handshakes that fail by their reason", async () => {
  const stranger = await RawClient.connect(server.port);
  stranger.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  await stranger.untilClosed();
  const samples = await scrapeWhenIdle(serverMetrics, "acraserver");
  expect(samples.get('acraserver_handshake_failures_total{reason="malformed"}')).toBe(1);
  expect(samples.get('acraserver_connections_total{connection_type="db"}')).toBe(2);
});

test("answers on three paths and nowhere else", async () => {
  for (const address of [serverMetrics, connectorMetrics]) {
    expect(await ask(address, "/healthz")).toBe("200 ok\n");
    expect(await ask(address, "/readyz")).toBe("200 ok\n");
    expect(await ask(address, "/")).toBe("404 404 page not found\n");
    expect(await ask(address, "/debug/pprof/")).toBe("404 404 page not found\n");
    expect(await ask(address, "/metrics", { method: "POST" })).toStartWith("405 ");
  }
});

test("leaves the metrics address first at a stop, while a session still runs", async () => {
  const port = await findFreePort();
  const other = await startAcraServer(database, {
    keys,
    flags: [
      "--acraconnector_transport_encryption_disable",
      `--client_id=${keys.clientId}`,
      "--incoming_connection_close_timeout=20",
      `--prometheus_metrics_address=tcp://127.0.0.1:${port}`,
    ],
  });
  const client = await RawClient.connect(other.port);
  client.send(startupMessage({ user: database.user, database: database.database }));
  await client.until("Z");
  client.send(message("Q", `BEGIN${END}`));
  await client.until("Z");
  const stopped = other.stop();
  let refused = false;
  for (let attempt = 0; attempt < 100 && !refused; attempt++) {
    refused = await fetch(`http://127.0.0.1:${port}/healthz`).then(
      () => Bun.sleep(20).then(() => false),
      () => true,
    );
  }
  expect(refused).toBe(true);
  client.send(message("Q", `COMMIT${END}`));
  await client.until("Z");
  expect(await stopped).toBe(0);
  client.close();
});

test("is not ready without its keys, nor without its other side", async () => {
  const own = join(keys.connectorFolder, keys.clientId);
  await rename(own, `${own}.away`);
  await untilReadiness(connectorMetrics, "503 not ready: the keys cannot be read\n");
  await rename(`${own}.away`, own);
  await untilReadiness(connectorMetrics, "200 ok\n");

  await rename(keys.serverFolder, `${keys.serverFolder}.away`);
  await untilReadiness(serverMetrics, "503 not ready: the keys cannot be read\n");
  await rename(`${keys.serverFolder}.away`, keys.serverFolder);
  await untilReadiness(serverMetrics, "200 ok\n");

  await database.process.stop("SIGQUIT");
  await untilReadiness(serverMetrics, "503 not ready: the database accepts no connection\n");
  expect(await ask(serverMetrics, "/healthz")).toBe("200 ok\n");
  expect(await server.stop()).toBe(0);
  await untilReadiness(connectorMetrics, "503 not ready: the server accepts no connection\n");
});

test("does not start where it cannot listen for metrics", async () => {
  const { status, stderr } = await runProcess(
    [
      ...acraCommand(),
      "connector",
      `--client_id=${keys.clientId}`,
      `--keys_dir=${keys.connectorFolder}`,
      "--acraserver_connection_host=127.0.0.1",
      `--incoming_connection_port=${await findFreePort()}`,
      `--prometheus_metrics_address=tcp://${connectorMetrics}`,
    ],
    { env: { ACRA_MASTER_KEY: keys.masterKey } },
  );
  expect(status).toBe(1);
  expect(stderr).toContain(
    `error: --prometheus_metrics_address: cannot listen on tcp://${connectorMetrics}`,
  );
});
