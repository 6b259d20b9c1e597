/**
 * A bare relay, the least that a proxy in this runtime can do: what it reads on one side it writes on
 * the other. `bun relay.ts LISTEN_PORT TARGET_PORT`, on 127.0.0.1.
 */

import type { Socket } from "bun";

/** One side of a relayed connection. */
interface Side {
  peer: Socket<Side> | null;
  /** What the kernel did not take yet; the peer is not read meanwhile. */
  waiting: Uint8Array[];
  /** Nothing more comes from the peer. */
  ending: boolean;
}

const HOST = "127.0.0.1";

const socket = {
  data({ data: { peer } }: Socket<Side>, chunk: Buffer): void {
    if (peer !== null) {
      send(peer, chunk);
    }
  },
  drain(side: Socket<Side>): void {
    const waiting = side.data.waiting;
    side.data.waiting = [];
    for (const chunk of waiting) {
      send(side, chunk);
    }
    if (side.data.waiting.length === 0) {
      side.data.peer?.resume();
      if (side.data.ending) {
        side.end();
      }
    }
  },
  close({ data: { peer } }: Socket<Side>): void {
    if (peer === null) {
      return;
    }
    peer.data.peer = null;
    peer.data.ending = true;
    if (peer.data.waiting.length === 0) {
      peer.end();
    }
  },
};

/** Writes what the kernel takes; keeps a copy of the rest, because the chunk's memory is reused. */
function send(side: Socket<Side>, chunk: Uint8Array): void {
  const taken = side.data.waiting.length > 0 ? 0 : Math.max(0, side.write(chunk));
  if (taken < chunk.length) {
    side.data.waiting.push(chunk.slice(taken));
    side.data.peer?.pause();
  }
}

function newSide(): Side {
  return { peer: null, waiting: [], ending: false };
}

async function relay(client: Socket<Side>, targetPort: number): Promise<void> {
  client.setNoDelay(true);
  client.pause();
  try {
    const server = await Bun.connect({
      hostname: HOST,
      port: targetPort,
      data: { ...newSide(), peer: client },
      socket,
    });
    server.setNoDelay(true);
    client.data.peer = server;
    client.resume();
  } catch {
    client.end();
  }
}

const [listenPort, targetPort] = process.argv.slice(2).map(Number);
if (listenPort === undefined || targetPort === undefined) {
  throw new TypeError("relay.ts LISTEN_PORT TARGET_PORT");
}
Bun.listen<Side>({
  hostname: HOST,
  port: listenPort,
  socket: {
    ...socket,
    open(client) {
      client.data = newSide();
      void relay(client, targetPort);
    },
  },
});
