/** What peers do to a port, and what the log of the program behind it says then. */

import type { AcraProcess } from "./acra.ts";
import { isFailure, type LogLine, readJsonLines } from "./log_lines.ts";
import { RawClient } from "./pg_peers.ts";

/** What somebody does with the port of a program. */
export type Deed = (port: number) => Promise<void>;

/** Connects, lets the other side take that in, does something, and waits for the end. */
export async function connectAnd(port: number, deed: (client: RawClient) => void): Promise<void> {
  const client = await RawClient.connect(port);
  await Bun.sleep(50);
  deed(client);
  await client.untilClosed();
}

/** Sends bytes and waits for the end. */
export function sends(...bytes: Uint8Array[]): Deed {
  return (port) => connectAnd(port, (client) => client.send(Buffer.concat(bytes)));
}

/** Connects and goes away in an orderly way. */
export const closes: Deed = (port) => connectAnd(port, (client) => client.close());
/** Connects and resets. */
export const resets: Deed = (port) => connectAnd(port, (client) => client.socket.resetAndDestroy());

/** Waits for the line that tells how a connection ended. */
export async function endOf(program: AcraProcess, pattern: RegExp): Promise<LogLine> {
  const text = await program.process.stderr.waitFor(pattern);
  return readJsonLines([text])[0] as LogLine;
}

/** What an operator would see without `-v` or `-d`, of a JSON log. */
export function failuresOf(program: AcraProcess): LogLine[] {
  return readJsonLines(program.process.stderr.lines).filter(isFailure);
}

/** A frame of the Secure Session's carriage. */
export function frame(content: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(content));
  return Buffer.concat([length, Buffer.from(content)]);
}
