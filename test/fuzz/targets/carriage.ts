/** The Secure Session as a stream in frames, and a network that disturbs it. */

import { FormatError } from "../../../src/bytes/mod.ts";
import { DecryptError } from "../../../src/crypto/mod.ts";
import { type PublicKey, SecureSessionError } from "../../../src/themis/mod.ts";
import {
  BrokenStreamError,
  SecureCarriage,
} from "../../../src/transport/secure_session/carriage.ts";
import { HandshakeError } from "../../../src/transport/secure_session/handshake_error.ts";
import { below, several } from "../../harness/random.ts";
import {
  decodeScript,
  encodeScript,
  mutateScript,
  type Script,
  type Step,
  shortenScript,
} from "../script.ts";
import { vectorPrivateKey } from "../sealed.ts";
import { tamper } from "../tamper.ts";
import { ascii, attempt, demand, type FuzzTarget, sameBytes } from "../target.ts";

const NOW = 1_700_000_000;
const CLIENT_ID = "client";
const clientKey = vectorPrivateKey("client");
const serverKey = vectorPrivateKey("client_server");
const NOTHING = new Uint8Array();

/** One direction of the stream between two carriages. */
class Direction {
  readonly sent: Uint8Array[] = [];
  received: Uint8Array = NOTHING;
  flying: Uint8Array = NOTHING;
  broken = false;

  write(bytes: Uint8Array | null): void {
    this.flying = Buffer.concat([this.flying, bytes ?? NOTHING]);
  }

  take(count: number): Uint8Array {
    const bytes = this.flying.slice(0, count);
    this.flying = this.flying.slice(count);
    return bytes;
  }

  /** Whatever happened to the stream, nothing but what was sent arrives, in its order. */
  deliver(plain: Uint8Array | null): void {
    this.received = Buffer.concat([this.received, plain ?? NOTHING]);
    const sent = Buffer.concat(this.sent);
    demand(sameBytes(this.received, sent.subarray(0, this.received.length)), "forged data arrives");
  }
}

/** The keys of one client are there, those of another cannot be read. */
function findConnectorKey(id: string): PublicKey | null {
  if (id === "cliens") {
    throw new Error("the key cannot be read");
  }
  return id === CLIENT_ID ? clientKey.publicKey : null;
}

/** Both ends of the transport and the bytes between them. */
class Wire {
  readonly #server = SecureCarriage.accept({
    findServerKey: (id) => (id.startsWith("clien") ? serverKey : null),
    findConnectorKey: (id) => findConnectorKey(id),
    isValidId: (id) => /^[a-z_]{5,256}$/.test(id),
  });
  readonly #client: SecureCarriage;
  readonly #toServer = new Direction();
  readonly #toClient = new Direction();

  constructor() {
    const { carriage, opening } = SecureCarriage.connect({
      clientId: CLIENT_ID,
      privateKey: clientKey,
      serverKey: serverKey.publicKey,
    });
    this.#client = carriage;
    this.#toServer.write(opening);
  }

  play({ kind, body }: Step): void {
    const toServer = kind % 2 === 0;
    const way = toServer ? this.#toServer : this.#toClient;
    const [from, to] = toServer ? [this.#client, this.#server] : [this.#server, this.#client];
    switch ((kind >> 1) % 6) {
      case 0:
        this.#carry(way, to, way.flying.length);
        break;
      case 1:
        this.#carry(way, to, 1 + (body[0] ?? 0));
        break;
      case 2:
        if (
          attempt(() => way.write(from.seal(body, NOW)), SecureSessionError, RangeError) !== null
        ) {
          way.sent.push(body);
        }
        break;
      case 3:
        way.flying = tamper(way.flying, body);
        break;
      case 4:
        way.flying = Buffer.concat([body, way.flying]);
        break;
      case 5:
        way.flying = Buffer.concat([way.flying, way.flying.subarray(-(body[0] ?? 1))]);
        break;
    }
  }

  /** Takes the way to its end without further disturbance. */
  settle(): void {
    for (let round = 0; round < 4; round++) {
      this.#carry(this.#toServer, this.#server, this.#toServer.flying.length);
      this.#carry(this.#toClient, this.#client, this.#toClient.flying.length);
    }
    this.#client.destroy();
    this.#server.destroy();
  }

  #carry(way: Direction, to: SecureCarriage, count: number): void {
    const back = way === this.#toServer ? this.#toClient : this.#toServer;
    to.push(way.take(count));
    if (way.broken) {
      return;
    }
    const replied = attempt(() => ({ bytes: to.handshake() }), HandshakeError);
    way.broken = replied === null;
    back.write(replied?.bytes ?? null);
    if (!way.broken && to.established) {
      this.#read(way, to);
    }
    demand(to.clientId === null || to.clientId.length >= 5, "an id that is none");
  }

  #read(way: Direction, to: SecureCarriage): void {
    try {
      way.deliver(to.read(NOW));
    } catch (error) {
      if (!(error instanceof BrokenStreamError)) {
        throw error;
      }
      const { cause } = error;
      const isKnown =
        cause instanceof FormatError ||
        cause instanceof DecryptError ||
        cause instanceof SecureSessionError;
      demand(isKnown, "a stream breaks for an unknown reason");
      way.broken = true;
      way.deliver(error.rescued);
    }
  }
}

const CARRIED: Script = {
  options: 0,
  steps: [0, 1, 0, 1, 4, 5, 0, 1].map((kind) => ({ kind, body: ascii("data") })),
};

/** The Secure Session as a stream between connector and server. */
export const CARRIAGE: FuzzTarget = {
  name: "carriage",
  weight: 8,
  maximumLength: 1024,
  allocation: { largest: 256 * 1024, total: 4 * 1024 * 1024 },
  seeds: [encodeScript(CARRIED)],
  dictionary: ["TSPM", "TSID", "UEC2", CLIENT_ID, "\x06\0\0\0"].map(ascii),
  generate: (random) => {
    const shaken = CARRIED.steps.slice(0, random() < 0.7 ? 4 : below(5, random));
    const steps = several(below(12, random), (): Step => {
      const body = several(below(8, random), () => below(256, random));
      return { kind: below(12, random), body: Uint8Array.from(body) };
    });
    // Often before anything has arrived, and often in the announced id.
    const place = below(random() < 0.5 ? 12 : 256, random);
    const first = { kind: 6, body: Uint8Array.of(place, below(256, random)) };
    const all = random() < 0.3 ? [first, ...shaken] : shaken;
    return encodeScript({ options: 0, steps: [...all, ...steps] });
  },
  mutate: mutateScript,
  shorten: shortenScript,
  run(input) {
    const wire = new Wire();
    for (const step of decodeScript(input).steps) {
      wire.play(step);
    }
    wire.settle();
  },
};
