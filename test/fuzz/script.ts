/**
 * Conversations as bytes, so that they can be mutated, shortened and printed like any input: a few
 * bytes of options, then steps of a kind, a length and a body. Every byte string is a conversation.
 */

import { ByteReader, ByteWriter } from "../../src/bytes/mod.ts";
import { below, pick } from "../harness/random.ts";
import { type Fails, minimise } from "./minimise.ts";
import { type MutationSources, mutateBytes } from "./mutate.ts";

/** What happens next in a conversation. */
export interface Step {
  /** 0 … 255; the target gives it its meaning. */
  readonly kind: number;
  readonly body: Uint8Array;
}

/** A conversation. */
export interface Script {
  readonly options: number;
  readonly steps: readonly Step[];
}

const OPTIONS_LENGTH = 4;
const HEADER_LENGTH = 3;
/** More steps only repeat what fewer do. */
const MOST_STEPS = 96;
const LONGEST_BODY = 0xffff;

export function encodeScript({ options, steps }: Script): Uint8Array {
  const writer = new ByteWriter().u32be(options >>> 0);
  for (const { kind, body } of steps) {
    const kept = body.subarray(0, LONGEST_BODY);
    writer.u8(kind).u16be(kept.length).bytes(kept);
  }
  return writer.finish();
}

/** The conversation that any bytes are: what is missing is taken for zeros, what is cut ends there. */
export function decodeScript(bytes: Uint8Array): Script {
  if (bytes.length < OPTIONS_LENGTH) {
    return { options: 0, steps: [] };
  }
  const reader = new ByteReader(bytes, "script");
  const options = reader.u32be();
  const steps: Step[] = [];
  while (reader.remaining >= HEADER_LENGTH && steps.length < MOST_STEPS) {
    const kind = reader.u8();
    const length = reader.u16be();
    steps.push({ kind, body: reader.bytes(Math.min(length, reader.remaining)) });
  }
  return { options, steps };
}

/** Changes whole steps as often as the bytes in them. */
export function mutateScript(input: Uint8Array, sources: MutationSources): Uint8Array {
  const { random } = sources;
  const { options, steps } = decodeScript(input);
  if (steps.length === 0 || random() < 0.1) {
    return mutateBytes(input, sources);
  }
  const changed = changeSteps(steps, sources);
  const newOptions = random() < 0.1 ? options ^ (1 << below(32, random)) : options;
  const bytes = encodeScript({ options: newOptions, steps: changed });
  return bytes.length > sources.maximumLength ? bytes.slice(0, sources.maximumLength) : bytes;
}

const LONGEST_SHORTENING_MS = 30_000;

/** Takes out steps, then bytes of the steps that are left. */
export function shortenScript(input: Uint8Array, fails: Fails): Uint8Array {
  const { options, steps } = decodeScript(input);
  let best = steps;
  const until = performance.now() + LONGEST_SHORTENING_MS;
  const take = (candidate: readonly Step[]): boolean => {
    const holds = performance.now() < until && fails(encodeScript({ options, steps: candidate }));
    best = holds ? candidate : best;
    return holds;
  };
  for (let at = best.length - 1; at >= 0; at--) {
    take(best.toSpliced(at, 1));
  }
  for (const [at, step] of best.entries()) {
    minimise(step.body, (body) => take(best.with(at, { ...step, body })));
  }
  return encodeScript({ options, steps: best });
}

function changeSteps(steps: readonly Step[], sources: MutationSources): readonly Step[] {
  const { random } = sources;
  const at = below(steps.length, random);
  const step = pick(steps.slice(at), random);
  const where = steps.indexOf(step);
  switch (below(10, random)) {
    case 0:
      return steps.toSpliced(where, 1);
    case 1:
      return steps.toSpliced(at, 0, step);
    case 2:
      return steps.toSpliced(where, 1).toSpliced(at, 0, step);
    case 3:
      return steps.with(where, { ...step, kind: below(256, random) });
    case 4:
      return steps.toSpliced(at, 0, pickStep(sources, step));
    default:
      return steps.with(where, { ...step, body: mutateBytes(step.body, sources) });
  }
}

/** A step of another conversation. */
function pickStep({ random, other }: MutationSources, fallback: Step): Step {
  const { steps } = decodeScript(other);
  return steps.length === 0 ? fallback : pick(steps, random);
}
