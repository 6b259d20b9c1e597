/**
 * Fuzzes every decoder and every state machine of a session: inputs are mutated from what is valid
 * and kept when they reach new branches. `scripts/fuzz` starts it.
 */

import { runScript } from "../../scripts/run_script.ts";
import { Gauge } from "./gauge.ts";
import { instrumentSources } from "./instrument.ts";
import { readOptions, USAGE } from "./options.ts";

const gauge = new Gauge();
// Before any module of src/ is loaded: what follows is imported for its side of the line.
instrumentSources(gauge);
const { runFuzzer, tryInput, TARGETS } = await import("./run.ts");

await runScript(USAGE, () => {
  const options = readOptions(process.argv.slice(2));
  if (options.list) {
    console.log(TARGETS.map(({ name }) => name).join("\n"));
  } else if (options.input !== null) {
    process.exitCode = tryInput(options, gauge) ? 0 : 1;
  } else {
    process.exitCode = runFuzzer(options, gauge) ? 0 : 1;
  }
});
