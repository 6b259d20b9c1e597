/** Hostile clients and databases against the live server: it stays up and other sessions work. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import net from "node:net";
import {
  type AcraKeys,
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import {
  dataRow,
  message,
  RawClient,
  ROW_ANSWER_END,
  rowDescription,
  ScriptedDatabase,
  seededRandom,
  startupMessage,
} from "../harness/pg_peers.ts";

const ATTACKS = process.env["SLOW"] ? 5_000 : 400;
const random = seededRandom(4_711);
let keys: AcraKeys;
let database: ScriptedDatabase;
let rawServer: AcraProcess;
let sessionServer: AcraProcess;
let connector: AcraProcess;

beforeAll(async () => {
  keys = await makeKeys();
  database = await ScriptedDatabase.start((received) => {
    const text = received.body.toString("latin1").replace("\0", "");
    if (received.type === "Q" && text.startsWith("attack ")) {
      return [hostileAnswer(Number(text.slice(7)))];
    }
    return received.type === "Q" ? [goodAnswer()] : [];
  });
  const target = { host: "127.0.0.1", port: database.port };
  rawServer = await startAcraServer(target, {
    keys,
    flags: ["--acraconnector_transport_encryption_disable", `--client_id=${keys.clientId}`],
  });
  sessionServer = await startAcraServer(target, { keys });
  connector = await startAcraConnector(sessionServer, { keys });
});

afterAll(async () => {
  await connector.stop();
  await sessionServer.stop();
  await rawServer.stop();
  await database.stop();
});

function goodAnswer(): Buffer {
  return Buffer.concat([rowDescription([0]), dataRow([Buffer.from("fine")]), ROW_ANSWER_END]);
}

function randomBytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

/** A correct answer with a few bytes changed, lengths above all. */
function hostileAnswer(seed: number): Buffer {
  const local = seededRandom(seed);
  const tag = Buffer.alloc(8, 0x22);
  const fake = Buffer.concat([tag, Buffer.from("UEC2"), Buffer.alloc(300, seed)]);
  const hex = Buffer.from(`\\x${fake.toString("hex")}`);
  const bytes = Buffer.concat([
    rowDescription([0, 0]),
    dataRow([hex, fake]),
    dataRow([null, hex]),
    ROW_ANSWER_END,
  ]);
  for (let count = 0; count < 1 + local() * 4; count++) {
    bytes[Math.floor(local() * bytes.length)] = Math.floor(local() * 256);
  }
  return bytes.subarray(0, local() < 0.3 ? Math.floor(local() * bytes.length) : bytes.length);
}

function hostileClientBytes(): Buffer {
  const startup = startupMessage({ user: "u", database: "d" });
  const length = Buffer.alloc(4);
  switch (Math.floor(random() * 8)) {
    case 0:
      return randomBytes(1 + Math.floor(random() * 300));
    case 1:
      length.writeUInt32BE(Math.floor(random() * 2 ** 32));
      return Buffer.concat([length, randomBytes(40)]);
    case 2:
      return Buffer.concat([startup, message("Q", ""), randomBytes(60)]);
    case 3:
      return Buffer.concat([startup, Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff]), randomBytes(9)]);
    case 4:
      return Buffer.concat([startup, message("B", randomBytes(30)), message("E", randomBytes(9))]);
    case 5:
      return Buffer.concat([Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]), randomBytes(20)]);
    case 6:
      length.writeUInt32LE(Math.floor(random() * 2 ** 32));
      return Buffer.concat([length, randomBytes(200)]);
    default:
      length.writeUInt32LE(keys.clientId.length);
      return Buffer.concat([length, Buffer.from(keys.clientId), length, randomBytes(200)]);
  }
}

async function attack(port: number): Promise<void> {
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(hostileClientBytes());
  await Bun.sleep(random() * 20);
  if (random() < 0.5) {
    socket.resetAndDestroy();
  } else {
    socket.destroy();
  }
}

async function expectService(client: RawClient): Promise<void> {
  client.send(message("Q", "good\0"));
  const received = await client.until("Z");
  expect(received.map(({ type }) => type).join("")).toBe("TDCZ");
}

async function runAll(count: number, work: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      await work();
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

describe("acra server and hostile peers", () => {
  test("serves an old and a new session after hostile clients of every kind", async () => {
    for (const port of [rawServer.port, connector.port]) {
      const witness = await RawClient.login(port);
      await runAll(ATTACKS, () => attack(port));
      await runAll(ATTACKS, () => attack(sessionServer.port));
      await expectService(witness);
      const late = await RawClient.login(port);
      await expectService(late);
      witness.close();
      late.close();
    }
    expect(rawServer.process.stderr.text).not.toContain("internal error");
    expect(sessionServer.process.stderr.text).not.toContain("internal error");
  }, 120_000);

  test("serves other sessions while a database sends hostile answers", async () => {
    const witness = await RawClient.login(rawServer.port);
    let seed = 0;
    await runAll(ATTACKS, async () => {
      const client = await RawClient.login(rawServer.port);
      client.send(message("Q", `attack ${seed++}\0`));
      await Promise.race([client.untilClosed(), Bun.sleep(60)]);
      client.close();
    });
    await expectService(witness);
    witness.close();
    expect(rawServer.process.stderr.text).not.toContain("internal error");
  }, 120_000);

  test("forgets sessions whose client is gone", async () => {
    for (let tries = 0; tries < 200 && database.connections > 2; tries++) {
      await Bun.sleep(50);
    }
    expect(database.connections).toBeLessThanOrEqual(2);
  }, 30_000);

  test("closes a connection that announces an id without keys", async () => {
    const socket = net.connect(sessionServer.port, "127.0.0.1");
    const other = Buffer.from("another_client");
    const frame = Buffer.alloc(4);
    frame.writeUInt32LE(other.length);
    socket.write(Buffer.concat([frame, other]));
    await new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.on("error", () => {});
  }, 20_000);

  test("ignores probes that connect and say nothing", async () => {
    await runAll(100, async () => {
      const socket = net.connect(sessionServer.port, "127.0.0.1");
      socket.on("error", () => {});
      await new Promise<void>((resolve) => socket.once("connect", resolve));
      socket.destroy();
    });
    const client = await RawClient.login(connector.port);
    await expectService(client);
    client.close();
  });
});
