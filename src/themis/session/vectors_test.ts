/** The recorded sessions of `themis.json` in both roles, and everything that must or must not pass. */

import { expect, test } from "bun:test";
import {
  type Field,
  forEachVector,
  hex,
  information,
  list,
  number,
  optional,
  plaintext,
  readVectors,
  record,
  text,
} from "../../../test/vectors/vectors.ts";
import { concatBytes } from "../../bytes/mod.ts";
import { decodePrivateKey, decodePublicKey, type PublicKey } from "../mod.ts";
import { deriveSharedSecrets, deriveTrafficSecrets } from "./derivation.ts";
import { SessionMachine } from "./session_machine.ts";

type Role = "client" | "server";

const role: Field<Role> = (value) => {
  if (value !== "client" && value !== "server") {
    throw new TypeError("neither client nor server");
  }
  return value;
};

const party = record({
  id: hex,
  private: hex,
  public: hex,
  ephemeral_private: hex,
  ephemeral_public: hex,
});

const FIELDS = {
  name: text,
  time: number,
  client: party,
  server: party,
  handshake: list(
    record({
      from: role,
      message: hex,
      signature: optional(hex),
      signed_data: optional(hex),
      mac: optional(hex),
      ecdsa_k: information,
    }),
  ),
  derived: record({
    ecdh_secret: hex,
    session_id_raw: hex,
    session_id_wire: hex,
    master_key: hex,
    client_key: hex,
    server_key: hex,
    client_sequence: number,
    server_sequence: number,
  }),
  data: list(
    record({ from: role, time: number, sequence: number, iv: hex, plaintext, wrapped: hex }),
  ),
  random: information,
  note: information,
};

type Transcript = ReturnType<typeof transcripts>[number];

function transcripts() {
  return readVectors("themis", "session", FIELDS);
}

const REJECT_FIELDS = {
  name: text,
  transcript: text,
  role,
  at: number,
  message: hex,
  reason: information,
  original: information,
  original_at_1: information,
  accepted_by: information,
  note: information,
};

/** One side of a recorded session, with its recorded ephemeral key and a source of ivs. */
class Side {
  readonly machine: SessionMachine;
  iv: Uint8Array = new Uint8Array(16);

  constructor(transcript: Transcript, own: Role) {
    const me = transcript[own];
    const peer = transcript[own === "client" ? "server" : "client"];
    const peerKey = decodePublicKey(peer.public);
    this.machine = new SessionMachine(
      {
        id: me.id,
        privateKey: decodePrivateKey(me.private),
        findPeer: (id): PublicKey | null =>
          Buffer.from(id).equals(Buffer.from(peer.id)) ? peerKey : null,
      },
      {
        generateEphemeral: () => decodePrivateKey(me.ephemeral_private),
        random: () => this.iv,
      },
    );
  }
}

/** Message number 1 to 4 of a transcript. */
function messageAt(transcript: Transcript, at: number) {
  const message = transcript.handshake[at - 1];
  if (message === undefined) {
    throw new TypeError(`no message ${at}`);
  }
  return message;
}

/** A side that has seen everything before message `at`. */
function sideBefore(transcript: Transcript, own: Role, at: number): Side {
  const side = new Side(transcript, own);
  if (own === "client") {
    side.machine.connect();
  }
  for (let number = own === "client" ? 2 : 1; number < at; number += 2) {
    side.machine.receive(messageAt(transcript, number).message);
  }
  return side;
}

function findTranscript(name: string): Transcript {
  const transcript = transcripts().find((candidate) => candidate.name === name);
  if (transcript === undefined) {
    throw new TypeError(`no transcript ${name}`);
  }
  return transcript;
}

/** Our message 1 or 2 equals the recorded one up to the signature, which must be valid. */
function expectIntroduction(transcript: Transcript, at: 1 | 2, ours: Uint8Array): void {
  const recorded = messageAt(transcript, at);
  const signatureLength = recorded.signature?.length ?? 0;
  const bodyLength = recorded.message.length - signatureLength;
  const signer = transcript[at === 1 ? "client" : "server"];
  const signature = ours.slice(bodyLength);
  expect(ours.slice(0, 4)).toEqual(recorded.message.slice(0, 4));
  expect(ours.slice(12, bodyLength)).toEqual(recorded.message.slice(12, bodyLength));
  expect(decodePublicKey(signer.public).verify(recorded.signed_data ?? signature, signature)).toBe(
    true,
  );
}

forEachVector("themis", "session", FIELDS, (transcript) => {
  const { client, server, derived } = transcript;
  const ids = {
    clientId: client.id,
    clientKey: client.ephemeral_public,
    serverId: server.id,
    serverKey: server.ephemeral_public,
  };
  const agreed = decodePrivateKey(client.ephemeral_private).agree(
    decodePublicKey(server.ephemeral_public),
  );
  expect(agreed).toEqual(derived.ecdh_secret);
  const secrets = deriveSharedSecrets(agreed, ids);
  expect(secrets.sessionId).toEqual(derived.session_id_raw);
  expect<Uint8Array>(secrets.sessionId.toReversed()).toEqual(derived.session_id_wire);
  expect(secrets.master).toEqual(derived.master_key);
  expect(agreed.some((byte) => byte !== 0)).toBe(false);
  const traffic = deriveTrafficSecrets(secrets);
  expect(traffic.fromClient).toEqual({
    key: derived.client_key,
    firstSequence: derived.client_sequence,
  });
  expect(traffic.fromServer).toEqual({
    key: derived.server_key,
    firstSequence: derived.server_sequence,
  });

  const serverSide = new Side(transcript, "server");
  const second = serverSide.machine.receive(messageAt(transcript, 1).message);
  expectIntroduction(transcript, 2, second ?? new Uint8Array());
  expect(serverSide.machine.established).toBe(false);
  expect(serverSide.machine.receive(messageAt(transcript, 3).message)).toEqual(
    messageAt(transcript, 4).message,
  );
  expect(serverSide.machine.established).toBe(true);
  expect(serverSide.machine.peerId).toEqual(client.id);

  const clientSide = new Side(transcript, "client");
  expectIntroduction(transcript, 1, clientSide.machine.connect());
  const third = clientSide.machine.receive(messageAt(transcript, 2).message);
  expect<Uint8Array | undefined>(third?.slice(-32)).toEqual(messageAt(transcript, 3).mac);
  expect(clientSide.machine.receive(messageAt(transcript, 4).message)).toBeNull();
  expect(clientSide.machine.established).toBe(true);
  expect(clientSide.machine.peerId).toEqual(server.id);

  for (const entry of transcript.data) {
    const [from, to] =
      entry.from === "client" ? [clientSide, serverSide] : [serverSide, clientSide];
    from.iv = entry.iv;
    expect(from.machine.wrap(entry.plaintext, entry.time)).toEqual(entry.wrapped);
    expect(to.machine.unwrap(entry.wrapped, entry.time)).toEqual(entry.plaintext);
  }
});

forEachVector("themis", "session_accept", REJECT_FIELDS, (vector) => {
  const transcript = findTranscript(vector.transcript);
  const side = sideBefore(transcript, vector.role, vector.at);
  const reply = side.machine.receive(vector.message);
  expect(reply === null).toBe(vector.at === 4);
  expect(side.machine.established).toBe(vector.at >= 3);
});

forEachVector("themis", "session_reject", REJECT_FIELDS, (vector) => {
  const transcript = findTranscript(vector.transcript);
  const side = sideBefore(transcript, vector.role, vector.at);
  expect(() => side.machine.receive(vector.message)).toThrow();
  expect(side.machine.established).toBe(false);
  const genuine = messageAt(transcript, vector.at).message;
  expect(() => side.machine.receive(genuine)).toThrow("not possible in this state");
});

forEachVector("themis", "session_bad_ephemeral", REJECT_FIELDS, (vector) => {
  const side = sideBefore(findTranscript(vector.transcript), vector.role, vector.at);
  expect(() => side.machine.receive(vector.message)).toThrow("Cannot decode");
  expect(side.machine.established).toBe(false);
});

const outcome: Field<"ok" | "reject" | "any"> = (value) => {
  if (value !== "ok" && value !== "reject" && value !== "any") {
    throw new TypeError("no such outcome");
  }
  return value;
};

const DATA_FIELDS = {
  name: text,
  transcript: text,
  receiver: role,
  steps: list(
    record({
      now: number,
      wire: hex,
      expect: outcome,
      plaintext: optional(plaintext),
      original: information,
      original_accepts: information,
      why: information,
    }),
  ),
  note: information,
};

forEachVector("themis", "session_data", DATA_FIELDS, (vector) => {
  const transcript = findTranscript(vector.transcript);
  const { machine } = sideBefore(transcript, vector.receiver, 5);
  expect(machine.established).toBe(true);
  for (const step of vector.steps) {
    switch (step.expect) {
      case "ok":
        expect(machine.unwrap(step.wire, step.now)).toEqual(step.plaintext ?? new Uint8Array());
        break;
      case "reject":
        expect(() => machine.unwrap(step.wire, step.now)).toThrow();
        break;
      case "any":
        tolerate(() => machine.unwrap(step.wire, step.now));
        break;
    }
  }
});

test("A record with surplus bytes behind the tag is refused", () => {
  const transcript = findTranscript("acra-same-id");
  const { machine } = sideBefore(transcript, "server", 5);
  const first = transcript.data.find((entry) => entry.from === "client");
  const wire = first?.wrapped ?? new Uint8Array();
  const now = first?.time ?? 0;
  expect(() => machine.unwrap(concatBytes(wire, Uint8Array.of(0)), now)).toThrow();
  expect(machine.unwrap(wire, now)).toEqual(first?.plaintext ?? new Uint8Array());
});

function tolerate(work: () => unknown): void {
  try {
    work();
  } catch {
    // Either outcome is allowed.
  }
}
