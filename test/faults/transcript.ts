/** Compares what a client received with what it would have received without a fault. */

import type { ReceivedMessage } from "../harness/pg_peers.ts";

/** Different in each session: only that they came, and where, is compared. */
const VARYING = new Set(["R", "K", "A"]);

/**
 * Answers what is wrong with a transcript: it has to be a beginning of the whole one, or all of it.
 * Behind it there may stand what says that the session is over.
 */
export function compareTranscript(
  received: readonly ReceivedMessage[],
  whole: readonly ReceivedMessage[],
  atLeast = 0,
): string[] {
  for (const [index, got] of received.entries()) {
    const expected = whole[index];
    if (expected !== undefined && isSame(got, expected)) {
      continue;
    }
    return received.slice(index).every(isFarewell)
      ? lacking(index, atLeast)
      : [`message ${index} is ${show(got)} in place of ${show(expected)}`];
  }
  return lacking(received.length, atLeast);
}

/** How many messages stand up to the one that is named `TYPE` or `TYPE:OCCURRENCE`, itself included. */
export function countUpTo(whole: readonly ReceivedMessage[], message: string): number {
  const [type, occurrence = "1"] = message.split(":");
  let seen = 0;
  const index = whole.findIndex((candidate) => {
    seen += candidate.type === type ? 1 : 0;
    return seen === Number(occurrence);
  });
  if (index < 0) {
    throw new TypeError(`a whole tour has no message ${message}`);
  }
  return index + 1;
}

function lacking(length: number, atLeast: number): string[] {
  return length < atLeast ? [`only ${length} messages came in place of ${atLeast}`] : [];
}

function isSame(got: ReceivedMessage, expected: ReceivedMessage): boolean {
  return got.type === expected.type && (VARYING.has(got.type) || got.raw.equals(expected.raw));
}

/**
 * The session ends, as the database or acra says it: 08006 and 08P01 tell of the loss of a client
 * inside a statement or message, 57P02 of the crash of another backend.
 */
function isFarewell({ type, body }: ReceivedMessage): boolean {
  const text = body.toString("latin1");
  return (
    (type === "E" && /^SFATAL\0|\0C(08006|08P01)\0/.test(text)) ||
    (type === "N" && text.includes("\0C57P02\0"))
  );
}

function show(received: ReceivedMessage | undefined): string {
  return received === undefined
    ? "nothing"
    : `${received.type} ${JSON.stringify(received.body.toString("latin1").slice(0, 300))}`;
}
