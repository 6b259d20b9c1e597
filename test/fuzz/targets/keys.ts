/** Keys and sealed values: containers, Secure Cell, Secure Message, AcraStructs. */

import {
  AcraStructError,
  findAcraStructTag,
  looksLikeAcraStruct,
  openAcraStruct,
  takeAcraStruct,
  unwrapDataKey,
} from "../../../src/acrastruct/mod.ts";
import { concatBytes, FormatError } from "../../../src/bytes/mod.ts";
import { DecryptError } from "../../../src/crypto/mod.ts";
import { decodeContainer, encodeContainer } from "../../../src/themis/container.ts";
import { decodePrivateKey, decodePublicKey } from "../../../src/themis/keys.ts";
import {
  decodeCell,
  hasCellForm,
  openCell,
  sealCellWith,
} from "../../../src/themis/secure_cell.ts";
import { openMessage, sealMessageWith } from "../../../src/themis/secure_message.ts";
import acraVectors from "../../vectors/acra.json";
import { fixedAcraStruct, fixedBytes, vectorPrivateKey } from "../sealed.ts";
import { ascii, attempt, demand, type FuzzTarget, sameBytes } from "../target.ts";

const own = vectorPrivateKey("client_storage");
const poison = vectorPrivateKey(".poison_key/poison_key");
const CONTEXT = ascii("context");
const CELL_KEY = new Uint8Array(32).fill(7);
const TAGS = ["UEC2", "REC2", "TSPM", "TSID"].map(ascii);
const CELL_WORDS = [
  "\0\x01\x01\x40",
  "\xc0\0\x01\x40",
  "\x80\0\x01\x40",
  "\x0c\0\0\0",
  "\x10\0\0\0",
];

const keyFiles = acraVectors.keystore_files.flatMap((file) => [
  Uint8Array.fromBase64(file.private_key_b64),
  Uint8Array.fromBase64(file.public_key_b64),
]);

/** Wraps the payload anew, so that the checksum of a mutated key fits. */
function withChecksum(bytes: Uint8Array): Uint8Array {
  const tag = Buffer.from(bytes.subarray(0, 4)).toString("latin1") === "REC2" ? "REC2" : "UEC2";
  return encodeContainer(tag, bytes.subarray(12));
}

/** Containers and the keys in them, with the checksum as it came and with one that fits. */
export const KEY_CONTAINERS: FuzzTarget = {
  name: "key_containers",
  weight: 60,
  maximumLength: 256,
  allocation: { largest: 4096, total: 16 * 1024 },
  seeds: keyFiles,
  dictionary: TAGS,
  run(input) {
    for (const tag of ["UEC2", "TSPM"]) {
      const container = attempt(() => decodeContainer(input, tag, { prefix: true }), FormatError);
      if (container !== null) {
        const again = encodeContainer(tag, container.payload);
        demand(sameBytes(again, input.subarray(0, container.length)), "encodes to other bytes");
      }
    }
    for (const bytes of [input, withChecksum(input)]) {
      const key = attempt(() => decodePublicKey(bytes), FormatError);
      if (key !== null) {
        const again = decodePublicKey(key.container).container;
        demand(sameBytes(again, key.container), "a public key does not survive its container");
      }
      attempt(() => decodePrivateKey(bytes), FormatError);
    }
  },
};

const cells = [1, 20, 100].map((length) =>
  sealCellWith(fixedBytes, CELL_KEY, new Uint8Array(length), CONTEXT),
);

/** Secure Cell: its form, and that nothing changed opens. */
export const SECURE_CELL: FuzzTarget = {
  name: "secure_cell",
  weight: 60,
  maximumLength: 512,
  allocation: { largest: 4096, total: 16 * 1024 },
  seeds: cells,
  dictionary: CELL_WORDS.map(ascii),
  run(input) {
    const cell = attempt(() => decodeCell(input), FormatError);
    demand((cell !== null) === hasCellForm(input), "two judgements of the form of a cell");
    const plaintext = attempt(() => openCell(CELL_KEY, input, CONTEXT), FormatError, DecryptError);
    const isGenuine = cells.some((genuine) => sameBytes(genuine, input));
    demand((plaintext !== null) === isGenuine, "a changed cell opens, or a genuine one does not");
  },
};

const messages = [1, 32].map((length) =>
  sealMessageWith(fixedBytes, own, poison.publicKey, new Uint8Array(length)),
);

/** Secure Message. */
export const SECURE_MESSAGE: FuzzTarget = {
  name: "secure_message",
  weight: 10,
  maximumLength: 512,
  allocation: { largest: 4096, total: 16 * 1024 },
  seeds: messages,
  dictionary: [...CELL_WORDS, "\x20\x27\x04\x26", "\x20\x27\x05\x26", "\x10\x27\x04\x26"].map(
    ascii,
  ),
  run(input) {
    const { publicKey } = poison;
    const opened = attempt(() => openMessage(own, publicKey, input), FormatError, DecryptError);
    const isGenuine = messages.some((genuine) => sameBytes(genuine, input));
    demand((opened !== null) === isGenuine, "a changed message opens, or a genuine one does not");
  },
};

const structs = [
  ...[1, 64].map((length) => fixedAcraStruct(new Uint8Array(length), own.publicKey)),
  fixedAcraStruct(new Uint8Array(9), own.publicKey, CONTEXT),
  fixedAcraStruct(new Uint8Array(5), poison.publicKey),
];
const inCells = structs.map((struct) => concatBytes(ascii('a""""""""'), struct, ascii('"b')));

/** AcraStructs: found as a plain search finds them, opened when they are genuine only. */
export const ACRASTRUCT: FuzzTarget = {
  name: "acrastruct",
  weight: 25,
  maximumLength: 1024,
  allocation: { largest: 8192, total: 64 * 1024 },
  seeds: [...structs, ...inCells],
  dictionary: ['""""""""', "UEC2\0\0\0\x2d", "\x20\x27\x04\x26\x54\0\0\0", ...CELL_WORDS].map(
    ascii,
  ),
  run(input) {
    const opened = attempt(() => openAcraStruct(input, own), AcraStructError);
    const isGenuine = structs.slice(0, 2).some((struct) => sameBytes(struct, input));
    demand(
      (opened !== null) === isGenuine,
      "a changed AcraStruct opens, or a genuine one does not",
    );
    const plain = Buffer.from(input);
    let candidates = 0;
    for (let at = findAcraStructTag(input, 0); at >= 0; at = findAcraStructTag(input, at + 1)) {
      demand(at === plain.indexOf('""""""""', at), "a tag is found where none is");
      if (looksLikeAcraStruct(input, at) && ++candidates <= 4) {
        openAt(input, at);
      }
    }
  },
};

function openAt(input: Uint8Array, at: number): void {
  const taken = takeAcraStruct(input, at, own);
  unwrapDataKey(input, at, poison);
  if (taken !== null) {
    const whole = input.subarray(at, at + taken.length);
    demand(sameBytes(openAcraStruct(whole, own), taken.plaintext), "two ways of opening differ");
  }
}
