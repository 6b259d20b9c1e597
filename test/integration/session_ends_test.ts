/**
 * How connections end, and at which level the log says so: what applications, databases, health checks
 * and operators do every day is debug, what fails or is broken off is an error. Real processes, real
 * sockets, a real database where it can be made to do what is asked.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type AcraKeys, makeKeys, startAcraServer } from "../harness/acra.ts";
import {
  closes,
  connectAnd,
  type Deed,
  endOf,
  failuresOf,
  resets,
  sends,
} from "../harness/connection_deeds.ts";
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
      "an application that says goodbye in a transaction",
      async (port) => {
        const client = await login(port);
        await ask(client, "BEGIN");
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
