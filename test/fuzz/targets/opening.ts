/** TLS in the opening of a PostgreSQL session, under every policy, with handshakes that succeed or fail. */

import type { Side, TlsPolicy } from "../../../src/pipeline/mod.ts";
import { startupMessage } from "../../harness/pg_peers.ts";
import { below, several } from "../../harness/random.ts";
import { SessionRig } from "../../harness/session_rig.ts";
import { decodeScript, encodeScript, mutateScript, type Step, shortenScript } from "../script.ts";
import { ascii, demand, type FuzzTarget, sameBytes } from "../target.ts";

const CLIENTS: readonly TlsPolicy["client"][] = ["unavailable", "allowed", "required"];
const DATABASES: readonly TlsPolicy["database"][] = ["mirror", "never", "always", "direct"];

/** Bits of a step's kind. */
const FROM_DATABASE = 1;
const HANDSHAKE_FAILS = 2;
const OTHER_CERTIFICATE = 4;
const UNREACHABLE = 8;

const SSL_REQUEST = ascii("\0\0\0\x08\x04\xd2\x16\x2f");
const WORDS = [
  SSL_REQUEST,
  ascii("\0\0\0\x08\x04\xd2\x16\x30"),
  ascii("\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x01\0\0\0\x02"),
  ascii("\x16\x03\x01\0\x05"),
  startupMessage({ user: "me" }),
  ascii("S"),
  ascii("N"),
  ascii("R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"),
  ascii("p\0\0\0\x1fSCRAM-SHA-256-PLUS\0\0\0\0\x03n,,"),
  ascii("R\0\0\0\x08\0\0\0\0"),
  ascii("Z\0\0\0\x05I"),
];

/** A session, and what stands on each of its legs. */
class Play {
  readonly #rig: SessionRig;
  readonly #policy: TlsPolicy;
  readonly #secured = new Set<Side>();
  readonly #gone = new Set<Side>();
  #answered = 0;

  constructor(options: number) {
    this.#policy = {
      client: CLIENTS[(options & 3) % CLIENTS.length] ?? "allowed",
      database: DATABASES[(options >> 2) & 3] ?? "mirror",
    };
    this.#rig = new SessionRig({ tls: this.#policy });
  }

  step({ kind, body }: Step): void {
    const side = kind & FROM_DATABASE ? "database" : "client";
    if (this.#rig.closed !== null || this.#gone.has(side)) {
      return;
    }
    if (kind & UNREACHABLE) {
      this.#gone.add("database");
      this.#rig.take(this.#rig.session.fail("database-unreachable"));
    } else {
      this.#rig[side](body);
    }
    this.#shakeHands(kind);
    this.#check();
  }

  #shakeHands(kind: number): void {
    for (; this.#answered < this.#rig.actions.length; this.#answered++) {
      const action = this.#rig.actions[this.#answered];
      if (action?.kind !== "start-tls") {
        continue;
      }
      const { side } = action;
      demand(!this.#secured.has(side), `TLS begins twice with the ${side}`);
      demand(!this.#rig.session.idle, "idle in the middle of a handshake");
      if (kind & HANDSHAKE_FAILS || this.#gone.has(side)) {
        this.#gone.add(side);
        this.#rig.take(this.#rig.session.securingFailed(side));
      } else {
        this.#secured.add(side);
        const certificate = ascii(kind & OTHER_CERTIFICATE ? side : "the same");
        const leg = { ownCertificate: certificate, peerCertificate: certificate };
        this.#rig.take(this.#rig.session.secured(side, leg));
      }
    }
  }

  #check(): void {
    const { closed, session } = this.#rig;
    demand((session.phase === "closed") === (closed !== null), "closed or not");
    const isDemanded = this.#policy.database === "always" || this.#policy.database === "direct";
    if (isDemanded && !this.#secured.has("database")) {
      const sent = this.#rig.received("database");
      const isRequest = sent.length === 0 || sameBytes(sent, SSL_REQUEST);
      demand(isRequest, "plaintext reaches a database that has to have TLS");
    }
    if (this.#policy.client === "required" && !this.#secured.has("client")) {
      demand(session.phase === "startup" || closed !== null, "a client gets on in plaintext");
    }
  }
}

/** How TLS begins, or does not. */
export const PG_OPENING: FuzzTarget = {
  name: "pg_opening",
  weight: 40,
  maximumLength: 2048,
  allocation: { largest: 256 * 1024, total: 4 * 1024 * 1024 },
  seeds: [
    encodeScript({
      options: 1,
      steps: [SSL_REQUEST, ascii("S"), startupMessage({ user: "me" })].map((body, index) => ({
        kind: index % 2,
        body,
      })),
    }),
  ],
  dictionary: WORDS,
  generate: (random) =>
    encodeScript({
      options: below(16, random),
      steps: several(1 + below(9, random), (): Step => {
        const body = WORDS[below(WORDS.length, random)] ?? SSL_REQUEST;
        return { kind: below(8, random) | (random() < 0.03 ? UNREACHABLE : 0), body };
      }),
    }),
  mutate: mutateScript,
  shorten: shortenScript,
  run(input) {
    const { options, steps } = decodeScript(input);
    const play = new Play(options);
    for (const step of steps) {
      play.step(step);
    }
  },
};
