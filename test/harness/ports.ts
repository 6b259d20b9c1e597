/** Free ports, and waiting until somebody listens. */

import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";

const LISTENING = "0A";

/** Below the ports that systems give to outgoing connections: those could take one before its owner does. */
const LOWEST_PORT = 15_000;
const PORT_COUNT = 17_000;

/** Ports that were given out: nobody is given one twice. */
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that was free a moment ago; the preferred one when that is free. */
export async function findFreePort(preferred = 0): Promise<number> {
  if (preferred !== 0 && (await isFree(preferred))) {
    return preferred;
  }
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (!given.has(port) && (await isFree(port))) {
      given.add(port);
      return port;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once("error", () => resolve(false));
  server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  return await promise;
}

/**
 * Waits until somebody listens on the port. Looks into `/proc` where there is one, because a
 * connection made for looking is a connection that the listener logs.
 */
export async function waitForListener(port: number, timeoutMs = 20_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(listensInProc(port) ?? (await accepts(port)))) {
    if (Date.now() > end) {
      throw new Error(`nobody listens on port ${port} after ${timeoutMs} ms`);
    }
    await Bun.sleep(10);
  }
}

function listensInProc(port: number): boolean | null {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    return ["/proc/net/tcp", "/proc/net/tcp6"].some((file) =>
      readFileSync(file, "latin1")
        .split("\n")
        .map((line) => line.trim().split(/\s+/))
        .some(([, local, , state]) => state === LISTENING && local?.endsWith(suffix)),
    );
  } catch {
    return null;
  }
}

async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, "127.0.0.1", () => resolve(true));
  socket.once("error", () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
