/**
 * The reference implementation: Themis's own C library compiled to WebAssembly (npm
 * `wasm-themis`). It can be started once in a process, so every test takes it from here.
 */

import { join } from "node:path";
import * as themis from "wasm-themis";

let started: Promise<void> | undefined;

/** The library, ready for use. */
export async function loadWasmThemis(): Promise<typeof themis> {
  started ??= start();
  await started;
  return themis;
}

/** Without `fetch` it reads the file itself; with it, it would ask for a web address. */
async function start(): Promise<void> {
  const wasm = join(import.meta.dir, "../node_modules/wasm-themis/dist/libthemis.wasm");
  const { fetch } = globalThis;
  Reflect.deleteProperty(globalThis, "fetch");
  try {
    await themis.initialize(wasm);
  } finally {
    globalThis.fetch = fetch;
  }
}
