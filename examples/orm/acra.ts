/** All that is needed of Acra: text to an AcraStruct on its way to the database, bytes to text on the way back. */

import { readFileSync } from "node:fs";
import { createAcrastruct } from "acra-writer";

const publicKey = readFileSync(
  process.env["EXAMPLE_PUBLIC_KEY"] ?? ".acrakeys/acra-writer/testclientid_storage.pub",
);

/** The AcraStruct of a text. Empty text stays empty: there is nothing to protect. */
export function protect(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(text === "" ? [] : createAcrastruct(text, publicKey));
}

/** The text that the server opened on the way. What nobody opened is shown as it is. */
export function reveal(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
