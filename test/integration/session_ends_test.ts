/**
 * How connections end, and at which level the log says so: what applications, databases, health checks
 * and operators do every day is debug, what fails or is broken off is an error. Real processes, real
 * sockets, a real database where it can be made to do what is asked.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, rmSync } from "node:fs";
import { join } from "node:path";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { isFailure, type LogLine, readJsonLines } from "../harness/log_lines.ts";
import { message, RawClient, ScriptedDatabase, startupMessage } from "../harness/pg_peers.ts";
import { findFreePort } from "../harness/ports.ts";
import { type PostgresServer, startPostgres } from "../harness/postgres.ts";

const LOG = ["--logging_format=json", "-d"];
const END = "\0";
/** An SSLRequest, and a CancelRequest for a session that there is not. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);
const CANCEL_REQUEST = Buffer.from([0, 0, 0, 16, 4, 210, 22, 46, 0, 0, 0, 1, 0, 0, 0, 1]);

let database: PostgresServer;
let scripted: ScriptedDatabase;
let keys: AcraKeys;
let rawFlags: string[];

beforeAll(async () => {
  [database, keys] = await Promise.all([startPostgres({ login: "trust" }), makeKeys()]);
  rawFlags = [
    "--acraconnector_transport_encryption_disable",
    `--client_id=${keys.clientId}`,
    "--incoming_connection_close_timeout=0",
    ...LOG,
  ];
  scripted = await ScriptedDatabase.start((received, socket) => {
    if (received.body.toString().startsWith("reset")) {
      socket.resetAndDestroy();
    }
    return [];
  });
});

afterAll(async () => {
  await scripted.stop();
  await database.stop();
});

async function login(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(startupMessage({ user: database.user, database: database.database }));
  await client.until("Z");
  return client;
}

async function ask(client: RawClient, text: string): Promise<void> {
  client.send(message("Q", text + END));
  await client.until("Z");
}

/** Lets a request be under way; there is nothing to wait for, the answer is what does not come. */
async function leaveOpen(client: RawClient, text: string): Promise<void> {
  client.send(message("Q", text + END));
  await Bun.sleep(200);
}

/** Ends the database's process of another session. */
async function terminate(port: number, busy: boolean): Promise<void> {
  const other = await login(port);
  const victims = `pid <> pg_backend_pid() AND datname IS NOT NULL AND (query LIKE '%pg_sleep%') = ${busy}`;
  await ask(other, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${victims}`);
  other.send(message("X"));
  await other.untilClosed();
}

/** What somebody does with the port of a program. */
type Deed = (port: number) => Promise<void>;

async function connectAnd(port: number, deed: (client: RawClient) => void): Promise<void> {
  const client = await RawClient.connect(port);
  await Bun.sleep(50);
  deed(client);
  await client.untilClosed();
}

function sends(...bytes: Uint8Array[]): Deed {
  return (port) => connectAnd(port, (client) => client.send(Buffer.concat(bytes)));
}

const closes: Deed = (port) => connectAnd(port, (client) => client.close());
const resets: Deed = (port) => connectAnd(port, (client) => client.socket.resetAndDestroy());

/** Waits for the line that tells how a connection ended. */
async function endOf(program: AcraProcess, pattern: RegExp): Promise<LogLine> {
  const text = await program.process.stderr.waitFor(pattern);
  return readJsonLines([text])[0] as LogLine;
}

function failuresOf(program: AcraProcess): LogLine[] {
  return readJsonLines(program.process.stderr.lines).filter(isFailure);
}

/** A frame of the Secure Session's carriage. */
function frame(content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(content));
  return Buffer.concat([length, Buffer.from(content)]);
}

describe("a normal end of a session is a debug line", () => {
  const closed = /the client closed its connection/;
  const reset = /connection with the client failed: ECONNRESET/;
  const ends: readonly (readonly [string, Deed, RegExp])[] = [
    ["a health check that connects and goes away", closes, closed],
    ["a health check that connects and resets", resets, reset],
    [
      "an application that asks for TLS and leaves",
      (port) =>
        connectAnd(port, (client) => {
          client.send(SSL_REQUEST);
          client.socket.end();
        }),
      closed,
    ],
    ["a request to cancel", sends(CANCEL_REQUEST), /closed its connection/],
    [
      "an application that says goodbye",
      async (port) => {
        const client = await login(port);
        client.send(message("X"));
        await client.untilClosed();
      },
      /closed its connection/,
    ],
    [
      "an application that simply closes its socket",
      async (port) => (await login(port)).close(),
      closed,
    ],
    [
      "an idle application that is reset",
      async (port) => {
        (await login(port)).socket.resetAndDestroy();
      },
      reset,
    ],
    [
      "an application that closes its socket in a transaction",
      async (port) => {
        const client = await login(port);
        await ask(client, "BEGIN");
        client.close();
      },
      closed,
    ],
    [
      "an application that is gone when its answer comes",
      async (port) => {
        const client = await login(port);
        await leaveOpen(
          client,
          "SELECT repeat('x', 1000000), pg_sleep(0.4) FROM generate_series(1, 3)",
        );
        client.close();
      },
      /the client closed its connection|connection with the client failed: E/,
    ],
    [
      "a login that the database refuses",
      async (port) => {
        const client = await RawClient.connect(port);
        client.send(startupMessage({ user: "stranger" }));
        await client.untilClosed();
      },
      /the database closed its connection/,
    ],
    [
      "an idle session that the database ends",
      async (port) => {
        const client = await login(port);
        await terminate(database.port, false);
        await client.untilClosed();
      },
      /the database closed its connection/,
    ],
  ];

  for (const [name, deed, pattern] of ends) {
    test(name, async () => {
      const server = await startAcraServer(database, { keys, flags: rawFlags });
      await deed(server.port);
      const line = await endOf(server, /"Session ended"/);
      expect(line).toMatchObject({ level: "debug", client_id: keys.clientId });
      expect(line["error"]).toMatch(pattern);
      expect(line["peer"]).toMatch(/^127\.0\.0\.1:\d+$/);
      await server.stop();
      expect(failuresOf(server)).toEqual([]);
    });
  }

  test("a stop that cuts a busy session, which is told of once and in numbers", async () => {
    const server = await startAcraServer(database, { keys, flags: rawFlags });
    const clients = [await login(server.port), await login(server.port)];
    await Promise.all(clients.map((client) => leaveOpen(client, "SELECT pg_sleep(30)")));
    expect(await server.stop()).toBe(1);
    expect(failuresOf(server)).toMatchObject([
      { level: "warning", msg: "Server shutdown Timeout: 2 active connections will be cut" },
    ]);
  });
});

describe("a session that is broken off or fails is an error line", () => {
  const ends: readonly (readonly [string, Deed, RegExp])[] = [
    [
      "an application that is reset while its request runs",
      async (port) => {
        const client = await login(port);
        await leaveOpen(client, "SELECT pg_sleep(30)");
        client.socket.resetAndDestroy();
      },
      /connection with the client failed: ECONNRESET/,
    ],
    [
      "an application that is reset in a transaction",
      async (port) => {
        const client = await login(port);
        await ask(client, "BEGIN");
        client.socket.resetAndDestroy();
      },
      /connection with the client failed: ECONNRESET/,
    ],
    [
      "a database that goes away while a request runs",
      async (port) => {
        const client = await login(port);
        await leaveOpen(client, "SELECT pg_sleep(30)");
        await terminate(database.port, true);
        await client.untilClosed();
      },
      /the database closed its connection/,
    ],
    [
      "a client that sends no startup packet",
      sends(Buffer.from("GET / HTTP/1.1\r\n\r\n")),
      /invalid startup packet/,
    ],
    [
      "a client of another protocol",
      sends(Buffer.from([0, 0, 0, 9, 0, 9, 0, 0, 0])),
      /unsupported frontend protocol/,
    ],
    [
      "a client that lies about a length",
      async (port) => {
        const client = await login(port);
        client.send(Buffer.from([0x51, 0, 0, 0, 1]));
        await client.untilClosed();
      },
      /invalid message length/,
    ],
  ];

  for (const [name, deed, pattern] of ends) {
    test(name, async () => {
      const server = await startAcraServer(database, { keys, flags: rawFlags });
      await deed(server.port);
      const line = await endOf(server, /"Session ended"/);
      expect(line).toMatchObject({ level: "error", code: 535, client_id: keys.clientId });
      expect(line["error"]).toMatch(pattern);
      expect(line["peer"]).toMatch(/^127\.0\.0\.1:\d+$/);
      await server.stop();
      expect(failuresOf(server)).toHaveLength(1);
    });
  }

  test("a database that resets an idle session", async () => {
    const target = { host: "127.0.0.1", port: scripted.port };
    const server = await startAcraServer(target, { keys, flags: rawFlags });
    const client = await RawClient.login(server.port);
    client.send(message("Q", `reset${END}`));
    await client.untilClosed();
    expect(await endOf(server, /"Session ended"/)).toMatchObject({
      level: "error",
      error: expect.stringContaining("connection with the database failed: ECONNRESET"),
    });
    await server.stop();
  });

  test("a database that cannot be reached, told once for a connection and summed up for many", async () => {
    const target = { host: "127.0.0.1", port: await findFreePort() };
    const server = await startAcraServer(target, { keys, flags: rawFlags });
    for (let count = 0; count < 20; count++) {
      const client = await RawClient.connect(server.port);
      client.send(startupMessage({ user: "u" }));
      await client.untilClosed();
    }
    await server.stop();
    const [first, summary, ...others] = failuresOf(server);
    const common = {
      level: "error",
      msg: "Can't connect to db",
      code: 540,
      client_id: keys.clientId,
      connection_string: `tcp://127.0.0.1:${target.port}/`,
      error: expect.stringContaining("connection refused"),
    };
    expect(first).toMatchObject(common);
    expect(summary).toMatchObject({ ...common, repeated: 19 });
    expect(others).toEqual([]);
  });
});

describe("a handshake", () => {
  let server: AcraProcess;

  beforeAll(async () => {
    server = await startAcraServer(database, { keys, flags: LOG });
  });

  afterAll(async () => {
    await server.stop();
  });

  test("that is not begun is a debug line", async () => {
    for (const deed of [closes, resets]) {
      await deed(server.port);
    }
    const line = await endOf(server, /Connection closed before the handshake/);
    expect(line).toMatchObject({ level: "debug", reason: "closed" });
    await startAcraServer(database, { keys }).then((other) => other.stop());
    expect(failuresOf(server)).toEqual([]);
  });

  test("that fails is an error line with its reason and the peer", async () => {
    const deeds: readonly (readonly [string, Deed])[] = [
      ["malformed", sends(Buffer.from("GET / HTTP/1.1\r\n\r\n"))],
      ["unknown-id", sends(frame("another_client"))],
      [
        "closed",
        (port) =>
          connectAnd(port, (client) => {
            client.send(frame(keys.clientId));
            client.socket.end();
          }),
      ],
    ];
    for (const [reason, deed] of deeds) {
      await deed(server.port);
      const line = await endOf(
        server,
        new RegExp(`"reason":"${reason}".*"level":"error"|"level":"error".*"reason":"${reason}"`),
      );
      expect(line).toMatchObject({ code: 538, msg: "Can't wrap connection from acra-connector" });
      expect(line["peer"]).toMatch(/^127\.0\.0\.1:\d+$/);
    }
  });

  test("with a foreign key is an error on both sides", async () => {
    const foreign = { ...(await makeKeys()), serverFolder: keys.serverFolder };
    const connector = await startAcraConnector(server, { keys: foreign, flags: LOG });
    await connectAnd(connector.port, () => {});
    expect(await endOf(server, /"reason":"authentication"/)).toMatchObject({
      level: "error",
      code: 538,
      error: expect.stringContaining(`client id "${keys.clientId}"`),
    });
    expect(await endOf(connector, /Can't connect to AcraServer/)).toMatchObject({
      level: "error",
      code: 538,
      reason: "closed",
      connection_string: `tcp://127.0.0.1:${server.port}/`,
      peer: expect.stringContaining("127.0.0.1:"),
    });
    await connector.stop();
  });

  test("for which the server's key cannot be used names the file", async () => {
    const own = await makeKeys("careless");
    const path = join(own.serverFolder, "careless_server");
    const careless = await startAcraServer(database, { keys: own, flags: LOG });
    chmodSync(path, 0o644);
    await sends(frame("careless"))(careless.port);
    expect(await endOf(careless, /"reason":"keys"/)).toMatchObject({
      level: "error",
      code: 511,
      error: expect.stringContaining(path),
    });
    rmSync(path);
    await careless.stop();
  });
});

describe("a connector", () => {
  test("says at debug level that applications went away", async () => {
    const server = await startAcraServer(database, { keys, flags: LOG });
    const connector = await startAcraConnector(server, { keys, flags: LOG });
    await closes(connector.port);
    (await login(connector.port)).socket.resetAndDestroy();
    const line = await endOf(connector, /connection with the client failed/);
    expect(line).toMatchObject({ level: "debug", msg: "Connection closed" });
    await endOf(server, /"Session ended"/);
    expect([await connector.stop(), await server.stop()]).toEqual([0, 0]);
    expect([...failuresOf(connector), ...failuresOf(server)]).toEqual([]);
  });

  test("says as errors that its server cannot be reached or broke off", async () => {
    const nobody = { port: await findFreePort() };
    const raw = ["--acraserver_transport_encryption_disable", ...LOG];
    const alone = await startAcraConnector(nobody, { keys, flags: raw });
    await connectAnd(alone.port, () => {});
    expect(await endOf(alone, /Can't connect to AcraServer/)).toMatchObject({ code: 534 });
    await alone.stop();
    const connector = await startAcraConnector({ port: scripted.port }, { keys, flags: raw });
    const client = await RawClient.login(connector.port);
    client.send(message("Q", `reset${END}`));
    await client.untilClosed();
    expect(await endOf(connector, /Error from connection with AcraServer/)).toMatchObject({
      level: "error",
      code: 534,
      peer: expect.stringContaining("127.0.0.1:"),
    });
    await connector.stop();
  });
});

test("the HTTP API tells a peer that went away from one that asked for nonsense", async () => {
  const port = await findFreePort();
  const api = ["--http_api_enable", `--incoming_connection_api_string=tcp://127.0.0.1:${port}/`];
  const server = await startAcraServer(database, { keys, flags: [...rawFlags, ...api] });
  await closes(port);
  expect(await endOf(server, /"API session ended"/)).toMatchObject({ level: "debug" });
  await sends(Buffer.from("nonsense\r\n\r\n"))(port);
  expect(await endOf(server, /malformed/)).toMatchObject({ level: "error", code: 535 });
  await server.stop();
});
