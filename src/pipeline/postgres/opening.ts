/**
 * The part of a connection before its first typed message: requests for encryption, TLS on either
 * leg, and the StartupMessage or CancelRequest that ends it (acra-proxy.md §5.1.8, §5.2).
 *
 * Each leg goes `plain → asked → starting → secured`, or stays plain. By default the legs mirror each
 * other: a client's SSLRequest is the database's to answer, and its yes starts TLS on both.
 */

import { ByteQueue, FormatError } from "../../bytes/mod.ts";
import {
  decodeStartupHeader,
  type FatalError,
  isDirectTls,
  SSL_REQUEST,
  STARTUP_HEADER_LENGTH,
  type StartupKind,
  TLS_ANSWER,
} from "../../wire/postgres/mod.ts";
import type { Output } from "../output.ts";
import type { Side } from "../session.ts";
import type { SessionEvents } from "../session_events.ts";

/** When TLS is spoken. */
export interface TlsPolicy {
  /** `unavailable`: there is no certificate to show; `required`: plaintext sessions are refused. */
  readonly client: "unavailable" | "allowed" | "required";
  /** `mirror`: as the client does; `direct`: always, without asking for it first. */
  readonly database: "mirror" | "never" | "always" | "direct";
}

/** What the opening leads to. */
export type OpeningResult =
  /** Forward the message; what follows on the client's side is typed, or of no interest. */
  | { readonly kind: "startup"; readonly message: Uint8Array; readonly rest: ByteQueue }
  | { readonly kind: "cancel"; readonly message: Uint8Array }
  /** End the connection; `told` when the client expects a message. */
  | { readonly kind: "refused"; readonly error: FatalError; readonly told: boolean };

const NOTHING = new Uint8Array(0);
const YES = Uint8Array.of(TLS_ANSWER.yes);
const NO = Uint8Array.of(TLS_ANSWER.no);

const PROTOCOL_VIOLATION = "08P01";
const UNSUPPORTED: FatalError = { code: "0A000", message: "unsupported frontend protocol" };
const MALFORMED: FatalError = {
  code: PROTOCOL_VIOLATION,
  message: "the client sent an invalid startup packet",
};
const STUFFED: FatalError = {
  code: PROTOCOL_VIOLATION,
  message: "the client sent unencrypted data after its request for TLS",
};
const DATABASE_STUFFED: FatalError = {
  code: PROTOCOL_VIOLATION,
  message: "the database did not answer the request for TLS as the protocol says",
};
const TLS_REQUIRED: FatalError = {
  code: "28000",
  message: "this server accepts encrypted connections only",
  hint: "Connect with sslmode=require or better.",
};
const TLS_NOT_OFFERED: FatalError = {
  code: PROTOCOL_VIOLATION,
  message: "the client began with TLS, which is not available",
};
const DATABASE_WITHOUT_TLS: FatalError = {
  code: "08006",
  message: "the database does not offer TLS, which is asked for here",
};
const DATABASE_TLS_FAILED: FatalError = {
  code: "08006",
  message: "could not set up TLS with the database",
};

type LegState = "plain" | "asked" | "starting" | "secured";
type Held = { readonly kind: "startup" | "cancel"; readonly message: Uint8Array };

/** Takes both sides through it. */
export class OpeningPhase {
  readonly #policy: TlsPolicy;
  readonly #events: Pick<SessionEvents, "tlsUnavailable">;
  readonly #queue = new ByteQueue();
  /** What the client asked for; each may be asked once. */
  readonly #asked = new Set<StartupKind>();
  readonly #legs: Record<Side, LegState> = { client: "plain", database: "plain" };
  /** The message that waits for the database's leg. */
  #held: Held | null = null;
  /** What the client will be told once it expects a message. */
  #refusal: FatalError | null = null;

  constructor(policy: TlsPolicy, events: Pick<SessionEvents, "tlsUnavailable">) {
    this.#policy = policy;
    this.#events = events;
  }

  /** Whether nothing is under way, so that a draining server may end the connection. */
  get idle(): boolean {
    const { client, database } = this.#legs;
    return (
      this.#queue.length === 0 && this.#held === null && isSettled(client) && isSettled(database)
    );
  }

  /** Whether bytes of the database may go to the client: no answer is due, and no handshake runs. */
  get mayHearDatabase(): boolean {
    return isSettled(this.#legs.client) && isSettled(this.#legs.database);
  }

  /** Takes bytes of the client; `null` while more is needed. */
  fromClient(bytes: Uint8Array, output: Output): OpeningResult | null {
    this.#queue.push(bytes);
    return this.#read(output);
  }

  /** Takes the database's answer to a request for TLS; nothing else may come then. */
  fromDatabase(bytes: Uint8Array, output: Output): OpeningResult | null {
    const yes = bytes[0] === TLS_ANSWER.yes;
    if (
      this.#legs.database !== "asked" ||
      bytes.length !== 1 ||
      (!yes && bytes[0] !== TLS_ANSWER.no)
    ) {
      return this.#refuse(DATABASE_STUFFED);
    }
    if (!yes) {
      this.#legs.database = "plain";
      return this.#databaseSaidNo(output);
    }
    const refused = this.#legs.client === "asked" ? this.#answerYes(output) : null;
    if (refused === null) {
      this.#startDatabase(output, false);
    }
    return refused;
  }

  /** TLS is spoken on a leg. */
  secured(side: Side, output: Output): OpeningResult | null {
    this.#legs[side] = "secured";
    return side === "client" ? this.#read(output) : this.#proceed(output);
  }

  /** The handshake of a leg failed, and the leg is gone. */
  failed(side: Side): OpeningResult | null {
    if (side === "client") {
      return { kind: "refused", error: MALFORMED, told: false };
    }
    this.#legs.database = "plain";
    return this.#refuse(DATABASE_TLS_FAILED);
  }

  /** There is no database; the client hears of it when it expects a message. */
  refuse(error: FatalError, output: Output): OpeningResult | null {
    this.#legs.database = "plain";
    if (this.#legs.client === "asked") {
      this.#refusal = error;
      return this.#answerYes(output);
    }
    return this.#refuse(error);
  }

  #read(output: Output): OpeningResult | null {
    while (this.#held === null && isSettled(this.#legs.client)) {
      const first = this.#queue.peek(1);
      if (first !== null && isDirectTls(first) && this.#legs.client === "plain") {
        return this.#beginDirectly(output);
      }
      const head = this.#queue.peek(STARTUP_HEADER_LENGTH);
      if (head === null) {
        return null;
      }
      const message = this.#takeMessage(head);
      if (message === null || message === "malformed") {
        return message === null ? null : this.#refuseNow(MALFORMED);
      }
      const result = this.#take(message.kind, message.bytes, output);
      if (result !== null) {
        return result;
      }
    }
    return null;
  }

  #takeMessage(
    head: Uint8Array,
  ): { readonly kind: StartupKind; readonly bytes: Uint8Array } | "malformed" | null {
    try {
      const { kind, length } = decodeStartupHeader(head);
      const bytes = this.#queue.take(length);
      return bytes === null ? null : { kind, bytes };
    } catch (error) {
      if (error instanceof FormatError) {
        return "malformed";
      }
      throw error;
    }
  }

  #take(kind: StartupKind, message: Uint8Array, output: Output): OpeningResult | null {
    switch (kind) {
      case "ssl":
      case "gssenc":
        if (this.#asked.has(kind) || this.#legs.client === "secured") {
          return this.#refuseNow(UNSUPPORTED);
        }
        this.#asked.add(kind);
        return kind === "ssl" ? this.#takeSslRequest(output) : this.#answerNo(output);
      case "startup":
      case "cancel":
        this.#held = { kind, message };
        return this.#proceed(output);
      case "unsupported":
        return this.#refuseNow(UNSUPPORTED);
    }
  }

  #takeSslRequest(output: Output): OpeningResult | null {
    if (this.#policy.client === "unavailable") {
      this.#events.tlsUnavailable();
      return this.#answerNo(output);
    }
    if (this.#policy.database === "mirror") {
      this.#legs.client = "asked";
      this.#askDatabase(output);
      return null;
    }
    return this.#answerYes(output);
  }

  #answerNo(output: Output): null {
    output.send("client", NO);
    return null;
  }

  /** Bytes behind the request could be mistaken for encrypted ones afterwards: nobody honest sends any. */
  #answerYes(output: Output): OpeningResult | null {
    if (this.#queue.length > 0) {
      return this.#refuseNow(STUFFED);
    }
    output.send("client", YES);
    this.#legs.client = "starting";
    output.startTls("client", NOTHING, false);
    this.#approachDatabase(output);
    return null;
  }

  #beginDirectly(output: Output): OpeningResult | null {
    if (this.#policy.client === "unavailable") {
      this.#events.tlsUnavailable();
      return { kind: "refused", error: TLS_NOT_OFFERED, told: false };
    }
    if (this.#asked.size > 0) {
      return this.#refuseNow(MALFORMED);
    }
    const head = this.#queue.take(this.#queue.length) ?? NOTHING;
    this.#legs.client = "starting";
    output.startTls("client", head, true);
    if (this.#policy.database === "mirror") {
      this.#askDatabase(output);
    } else {
      this.#approachDatabase(output);
    }
    return null;
  }

  /** Begins what the policy asks for towards the database, whatever the client does. */
  #approachDatabase(output: Output): void {
    if (this.#legs.database !== "plain" || this.#refusal !== null) {
      return;
    }
    if (this.#policy.database === "always") {
      this.#askDatabase(output);
    } else if (this.#policy.database === "direct") {
      this.#startDatabase(output, true);
    }
  }

  #askDatabase(output: Output): void {
    this.#legs.database = "asked";
    output.send("database", SSL_REQUEST);
  }

  #startDatabase(output: Output, direct: boolean): void {
    this.#legs.database = "starting";
    output.startTls("database", NOTHING, direct);
  }

  #databaseSaidNo(output: Output): OpeningResult | null {
    if (this.#policy.database === "mirror" && this.#legs.client === "asked") {
      this.#legs.client = "plain";
      this.#answerNo(output);
      return this.#read(output);
    }
    return this.#refuse(DATABASE_WITHOUT_TLS);
  }

  /** Lets the message go that ends the opening, once both legs are as they have to be. */
  #proceed(output: Output): OpeningResult | null {
    const held = this.#held;
    if (held === null) {
      return null;
    }
    const refusal = this.#findRefusal();
    if (refusal !== null) {
      return { kind: "refused", error: refusal, told: held.kind === "startup" };
    }
    this.#approachDatabase(output);
    if (!isSettled(this.#legs.database)) {
      return null;
    }
    return held.kind === "cancel"
      ? { kind: "cancel", message: held.message }
      : { kind: "startup", message: held.message, rest: this.#queue };
  }

  #findRefusal(): FatalError | null {
    const isMissing = this.#policy.client === "required" && this.#legs.client !== "secured";
    return this.#refusal ?? (isMissing ? TLS_REQUIRED : null);
  }

  /** Ends the connection now when the client expects a message, else when it does. */
  #refuse(error: FatalError): OpeningResult | null {
    this.#refusal = error;
    if (this.#held !== null) {
      return { kind: "refused", error, told: this.#held.kind === "startup" };
    }
    return this.#legs.client === "asked" ? this.#refuseNow(error) : null;
  }

  #refuseNow(error: FatalError): OpeningResult {
    return { kind: "refused", error, told: true };
  }
}

function isSettled(state: LegState): boolean {
  return state === "plain" || state === "secured";
}
