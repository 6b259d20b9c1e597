/** Secure Session with the reference implementation at the other end, in both roles. */

import { beforeAll, describe, expect, test } from "bun:test";
import type { SecureSession as ReferenceSession } from "wasm-themis";
import { randomBytes } from "../../src/crypto/mod.ts";
import {
  decodePrivateKey,
  decodePublicKey,
  generateKeyPair,
  type KeyPair,
  SecureSession,
} from "../../src/themis/mod.ts";
import { loadWasmThemis } from "../wasm_themis.ts";

type Reference = Awaited<ReturnType<typeof loadWasmThemis>>;

let reference: Reference;

beforeAll(async () => {
  reference = await loadWasmThemis();
});

const LENGTHS = [1, 2, 15, 16, 17, 255, 4096, 8191, 8192, 8193, 65_535, 65_536, 70_000];
const now = () => Math.floor(Date.now() / 1000);
const id = (text: string) => new TextEncoder().encode(text);

interface Peers {
  readonly ours: SecureSession;
  readonly theirs: ReferenceSession;
}

function makePeers(ourId: string, theirId: string): Peers {
  const ourKeys = generateKeyPair();
  const theirKeys: KeyPair = generateKeyPair();
  const ours = new SecureSession({
    id: id(ourId),
    privateKey: decodePrivateKey(ourKeys.privateKey),
    findPeer: (peer) =>
      Buffer.from(peer).toString() === theirId ? decodePublicKey(theirKeys.publicKey) : null,
  });
  const theirs = new reference.SecureSession(
    id(theirId),
    new reference.PrivateKey(theirKeys.privateKey),
    () => new reference.PublicKey(ourKeys.publicKey),
  );
  return { ours, theirs };
}

/** Hands messages back and forth until nobody answers any more. */
function shakeHands({ ours, theirs }: Peers, weConnect: boolean): void {
  let message: Uint8Array | null = weConnect ? ours.connect() : theirs.connectionRequest();
  for (let toThem = weConnect; message !== null && message.length > 0; toThem = !toThem) {
    message = toThem ? theirs.negotiateReply(message) : ours.receive(message);
  }
}

describe.each([
  ["client", true],
  ["server", false],
])("SecureSession as %s of wasm-themis", (_, weConnect) => {
  test.each([
    ["client_01", "server_01"],
    ["the same id", "the same id"],
    ["x", "y".repeat(256)],
  ])("shakes hands as %s and carries 1 to 70000 bytes both ways", (ourId, theirId) => {
    const peers = makePeers(ourId, theirId);
    const { ours, theirs } = peers;
    shakeHands(peers, weConnect);
    expect(ours.established).toBe(true);
    expect(theirs.established()).toBe(true);
    expect(ours.peerId).toEqual(id(theirId));
    for (const length of LENGTHS) {
      const payload = randomBytes(length);
      expect(Buffer.from(theirs.unwrap(ours.wrap(payload, now())))).toEqual(Buffer.from(payload));
      expect(Buffer.from(ours.unwrap(theirs.wrap(payload), now()))).toEqual(Buffer.from(payload));
    }
    theirs.destroy();
  });

  test("shakes hands forty times, whatever the lengths of signatures", () => {
    for (let round = 0; round < 40; round++) {
      const peers = makePeers("client_01", "server_01");
      shakeHands(peers, weConnect);
      expect(peers.ours.established && peers.theirs.established()).toBe(true);
      peers.theirs.destroy();
    }
  });

  test("refuses a peer whose key it does not know", () => {
    const { ours, theirs } = makePeers("client_01", "server_01");
    const stranger = makePeers("client_01", "server_01").ours;
    const attempt = () =>
      weConnect
        ? stranger.receive(theirs.negotiateReply(ours.connect()))
        : stranger.receive(theirs.connectionRequest());
    if (weConnect) {
      stranger.connect();
    }
    expect(attempt).toThrow("did not prove its identity");
    theirs.destroy();
  });
});
