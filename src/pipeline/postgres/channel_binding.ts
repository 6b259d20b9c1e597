/**
 * Channel binding where TLS ends here (acra-proxy.md §5.2). SCRAM-SHA-256-PLUS proves that client and
 * database see the same certificate:
 *
 * - The client's leg is plain: the mechanism is taken from the offer, since a client that cannot bind
 *   refuses to go on when it sees it, and says truthfully that it does not bind.
 * - Both legs have TLS with one certificate: nothing to do.
 * - Both legs have TLS with different certificates: the proof must fail, and taking the mechanism away
 *   would be a downgrade that the database notices. The client is told what to do instead.
 */

import { ByteQueue, FormatError } from "../../bytes/mod.ts";
import {
  BACKEND,
  decodeChosenMechanism,
  decodeSaslMechanisms,
  encodeSaslMechanisms,
  type FatalError,
  FRONTEND,
  HEADER_LENGTH,
  isBoundToCertificate,
  readFrameLength,
} from "../../wire/postgres/mod.ts";
import type { SecuredLeg } from "../session.ts";
import type { SessionEvents } from "../session_events.ts";

/** Messages of a login are short: a longer one is none of those that are looked for. */
const MAXIMUM_LENGTH = 10_000;

const IMPOSSIBLE: FatalError = {
  code: "28000",
  message:
    "channel binding is not possible: acra server shows another certificate than the database",
  hint: "Connect with channel_binding=disable, or give acra server the certificate and key of the database.",
};

/** What becomes of the client's bytes. */
export type ClientLogin =
  | { readonly kind: "passed"; readonly pieces: readonly Uint8Array[] }
  | { readonly kind: "refused"; readonly error: FatalError };

/** What a login with this pair of legs needs; `null`: nothing. */
export function createChannelBinding(
  client: SecuredLeg | null,
  database: SecuredLeg | null,
  events: Pick<SessionEvents, "channelBindingImpossible">,
): ChannelBinding | null {
  if (database === null) {
    return null;
  }
  if (client === null) {
    return new ChannelBinding("strip", events);
  }
  return isSame(client.ownCertificate, database.peerCertificate)
    ? null
    : new ChannelBinding("explain", events);
}

/** Looks at the first message of a login on each leg, and at nothing after that. */
export class ChannelBinding {
  readonly #kind: "strip" | "explain";
  readonly #events: Pick<SessionEvents, "channelBindingImpossible">;
  readonly #offer = new ByteQueue();
  readonly #choice = new ByteQueue();
  #offerSeen = false;
  #boundOffered = false;
  #choiceSeen = false;

  constructor(kind: "strip" | "explain", events: Pick<SessionEvents, "channelBindingImpossible">) {
    this.#kind = kind;
    this.#events = events;
  }

  /** Passes the database's bytes on, the offer changed where it has to be; holds back what is cut. */
  fromDatabase(bytes: Uint8Array): Uint8Array[] {
    if (this.#offerSeen) {
      return [bytes];
    }
    this.#offer.push(bytes);
    const passed: Uint8Array[] = [];
    while (!this.#offerSeen) {
      const message = takeMessage(this.#offer);
      if (message === null) {
        return passed;
      }
      this.#offerSeen = !message.whole;
      passed.push(message.whole ? this.#look(message.bytes) : message.bytes);
    }
    return [...passed, ...drain(this.#offer)];
  }

  /** Passes the client's bytes on, or answers why the login cannot succeed. */
  fromClient(bytes: Uint8Array): ClientLogin {
    if (this.#choiceSeen || !this.#boundOffered || this.#kind === "strip") {
      return { kind: "passed", pieces: [bytes] };
    }
    this.#choice.push(bytes);
    const message = takeMessage(this.#choice);
    if (message === null) {
      return { kind: "passed", pieces: [] };
    }
    this.#choiceSeen = true;
    if (isBoundChoice(message.bytes)) {
      this.#events.channelBindingImpossible(true);
      return { kind: "refused", error: IMPOSSIBLE };
    }
    return { kind: "passed", pieces: [message.bytes, ...drain(this.#choice)] };
  }

  #look(message: Uint8Array): Uint8Array {
    if (message[0] !== BACKEND.authentication) {
      this.#offerSeen = message[0] === BACKEND.errorResponse;
      return message;
    }
    this.#offerSeen = true;
    const offered = readOffer(message);
    this.#boundOffered = offered.some(isBoundToCertificate);
    if (!this.#boundOffered) {
      return message;
    }
    if (this.#kind === "explain") {
      this.#events.channelBindingImpossible(false);
      return message;
    }
    return encodeSaslMechanisms(offered.filter((name) => !isBoundToCertificate(name)));
  }
}

/** A message, or what has come of one that is no message of a login. */
interface Taken {
  readonly bytes: Uint8Array;
  readonly whole: boolean;
}

function takeMessage(queue: ByteQueue): Taken | null {
  const head = queue.peek(HEADER_LENGTH);
  if (head === null) {
    return null;
  }
  const length = readFrameLength(head);
  const whole = length >= HEADER_LENGTH && length <= MAXIMUM_LENGTH;
  const bytes = queue.take(whole ? length : queue.length);
  return bytes === null ? null : { bytes, whole };
}

function readOffer(message: Uint8Array): readonly string[] {
  try {
    return decodeSaslMechanisms(message.subarray(HEADER_LENGTH)) ?? [];
  } catch (error) {
    return ignoreFormatError(error, []);
  }
}

function isBoundChoice(message: Uint8Array): boolean {
  try {
    return (
      message[0] === FRONTEND.password &&
      isBoundToCertificate(decodeChosenMechanism(message.subarray(HEADER_LENGTH)))
    );
  } catch (error) {
    return ignoreFormatError(error, false);
  }
}

/** What is damaged is the other side's to refuse. */
function ignoreFormatError<Value>(error: unknown, value: Value): Value {
  if (error instanceof FormatError) {
    return value;
  }
  throw error;
}

function drain(queue: ByteQueue): Uint8Array[] {
  const rest = queue.take(queue.length);
  return rest === null || rest.length === 0 ? [] : [rest];
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one !== null && other !== null && Buffer.compare(one, other) === 0;
}
