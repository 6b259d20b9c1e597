/**
 * Nothing but ECDH for a while, as a process of its own: two of them side by side tell what a second
 * core is worth on this machine. `bun ecdh_loop.ts SECONDS` prints agreements per second.
 */

import { measureEcdh } from "./ecdh.ts";

const seconds = Number(process.argv[2] ?? 1);
measureEcdh();
const started = performance.now();
let rounds = 0;
while (performance.now() - started < seconds * 1000) {
  measureEcdh();
  rounds++;
}
console.log((rounds / (performance.now() - started)) * 1000);
