/** What one ECDH on P-256 costs here and now: the floor under every opened AcraStruct. */

import { createECDH, diffieHellman, ECDH, generateKeyPairSync } from "node:crypto";

const CURVE = "prime256v1";
const KEYS = 64;
/** About 20 ms: long enough for the clock of the processor. */
const CALLS = 256;

/** CPU µs of one agreement. */
export interface EcdhCost {
  /** `ECDH.computeSecret` with a point as bytes: what ratios are made to. */
  readonly computeSecret: number;
  /** The same with a compressed point, as an AcraStruct brings one. */
  readonly compressed: number;
  /** `diffieHellman` with `KeyObject`s, the making of which is not counted. */
  readonly diffieHellman: number;
}

const own = generateKeyPairSync("ec", { namedCurve: CURVE }).privateKey;
const others = Array.from(
  { length: KEYS },
  () => generateKeyPairSync("ec", { namedCurve: CURVE }).publicKey,
);
const ecdh = createECDH(CURVE);
ecdh.generateKeys();
const points = Array.from({ length: KEYS }, () => createECDH(CURVE).generateKeys());
const compressedPoints = points.map((point) =>
  Buffer.from(ECDH.convertKey(point, CURVE, undefined, undefined, "compressed")),
);

/** Measures once; the medians of several rounds count. */
export function measureEcdh(): EcdhCost {
  return {
    diffieHellman: cpuOfCall(others, (publicKey) => diffieHellman({ privateKey: own, publicKey })),
    computeSecret: cpuOfCall(points, (point) => ecdh.computeSecret(point)),
    compressed: cpuOfCall(compressedPoints, (point) => ecdh.computeSecret(point)),
  };
}

function cpuOfCall<Key>(keys: readonly Key[], call: (key: Key) => void): number {
  const before = process.threadCpuUsage();
  for (let count = 0; count < CALLS / KEYS; count++) {
    keys.forEach(call);
  }
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / CALLS;
}
