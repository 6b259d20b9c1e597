/** What the command line of the fuzzer says. */

import { parseArgs } from "node:util";
import { UsageError } from "../../scripts/run_script.ts";

export const USAGE = `scripts/fuzz [options]
  --inputs=N     inputs in total, shared out over the targets (5000000)
  --seconds=N    stops after that time at the latest
  --seed=N       makes the same choices again (drawn anew each time)
  --target=NAME  only this one; may be given several times
  --input=HEX    tries this one input, with one --target
  --unreached    lists the branches that no input reached
  --list         names the targets`;

/** What is to be done. */
export interface FuzzOptions {
  readonly inputs: number;
  readonly seconds: number;
  readonly seed: number;
  /** Empty for all. */
  readonly targets: readonly string[];
  readonly input: Uint8Array | null;
  readonly unreached: boolean;
  readonly list: boolean;
}

/** Reads the command line. @throws UsageError, or what `parseArgs` throws */
export function readOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      inputs: { type: "string", default: "5000000" },
      seconds: { type: "string", default: "Infinity" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
      target: { type: "string", multiple: true, default: [] },
      input: { type: "string" },
      unreached: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  const { target: targets, unreached, list, input } = values;
  return {
    inputs: readNumber("inputs", values.inputs),
    seconds: readNumber("seconds", values.seconds),
    seed: readNumber("seed", values.seed),
    targets,
    input: input === undefined ? null : Uint8Array.fromHex(input),
    unreached,
    list,
  };
}

function readNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value) || value < 0) {
    throw new UsageError(`--${name} has to be a number`);
  }
  return value;
}
