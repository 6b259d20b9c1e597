/** HTTP as text: what is written to a socket, and everything that comes back until it is closed. */

import net from "node:net";

/** What came back. */
export interface RawAnswer {
  readonly text: string;
  /** The connection was reset rather than ended. */
  readonly reset: boolean;
}

/** Writes the bytes, in pieces when there are several, and reads to the end. */
export async function askRaw(
  port: number,
  pieces: readonly (string | Uint8Array)[],
): Promise<RawAnswer> {
  const socket = net.connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  let reset = false;
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => {
    reset = true;
  });
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  for (const piece of pieces) {
    socket.write(piece);
  }
  await closed;
  return { text: Buffer.concat(chunks).toString(), reset };
}

/** Asks for a path; with a body it is posted. Answers the whole text. */
export async function askPath(port: number, path: string, body?: object | string): Promise<string> {
  const content = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
  const request =
    content === undefined
      ? `GET ${path} HTTP/1.1\r\nHost: acra\r\n\r\n`
      : `POST ${path} HTTP/1.1\r\nContent-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`;
  return (await askRaw(port, [request])).text;
}
