/** The client's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), without channel binding. */

import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import { message, type RawClient, type ReceivedMessage } from "../harness/pg_peers.ts";

const MECHANISM = "SCRAM-SHA-256";
const CLIENT_FIRST_BARE = "n=,r=rOprNGfwEbeRWgbNEkqO";
const CONTINUE = 11;
const OK = 0;

/** Salted passwords are dear, and the salt of a user stays the same. */
const saltedPasswords = new Map<string, Buffer>();

/** Answers what the server asks for after the StartupMessage, up to AuthenticationOk; `received` gets what comes. */
export async function authenticate(
  client: RawClient,
  password: string,
  received: ReceivedMessage[],
): Promise<void> {
  received.push(...(await client.until("R")));
  const first = Buffer.from(`n,,${CLIENT_FIRST_BARE}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(first.length);
  client.send(message("p", Buffer.concat([Buffer.from(`${MECHANISM}\0`), length, first])));
  for (;;) {
    const more = await client.until("R");
    received.push(...more);
    const asked = more.at(-1)?.body ?? Buffer.alloc(4);
    if (asked.readUInt32BE(0) === CONTINUE) {
      client.send(message("p", finalMessage(asked.toString("latin1", 4), password)));
    } else if (asked.readUInt32BE(0) === OK) {
      return;
    }
  }
}

function finalMessage(serverFirst: string, password: string): string {
  const fields = Object.fromEntries(
    serverFirst.split(",").map((field) => [field[0], field.slice(2)]),
  );
  const { r: nonce = "", s: salt = "", i: iterations = "" } = fields;
  const withoutProof = `c=biws,r=${nonce}`;
  const salted = saltPassword(password, salt, Number(iterations));
  const clientKey = hmac(salted, "Client Key");
  const storedKey = createHash("sha256").update(clientKey).digest();
  const signature = hmac(storedKey, `${CLIENT_FIRST_BARE},${serverFirst},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return `${withoutProof},p=${proof.toString("base64")}`;
}

function saltPassword(password: string, salt: string, iterations: number): Buffer {
  const name = `${password} ${salt} ${iterations}`;
  const known = saltedPasswords.get(name);
  if (known !== undefined) {
    return known;
  }
  const salted = pbkdf2Sync(password, Buffer.from(salt, "base64"), iterations, 32, "sha256");
  saltedPasswords.set(name, salted);
  return salted;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
