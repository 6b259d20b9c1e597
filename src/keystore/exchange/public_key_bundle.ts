/** Public keys on their way to another machine: a small JSON text, or the key of one pair in base64. */

import { FormatError } from "../../bytes/mod.ts";
import { decodePublicKey, type PublicKey } from "../../themis/mod.ts";
import { KeystoreError } from "../errors.ts";
import { fingerprintOf } from "../fingerprint.ts";
import { formatKeyId, type KeyName, parseKeyId } from "../key_id.ts";

/** A public key and whose it is. */
export interface NamedPublicKey {
  readonly name: KeyName;
  readonly publicKey: PublicKey;
}

const FORMAT = "acra public keys";
const VERSION = 1;

/** The JSON text: nothing in it is secret, the fingerprints are there to be compared. */
export function formatPublicKeyBundle(keys: readonly NamedPublicKey[]): string {
  const bundle = {
    format: FORMAT,
    version: VERSION,
    keys: keys.map(({ name, publicKey }) => ({
      id: formatKeyId(name.kind, name.id),
      fingerprint: fingerprintOf(publicKey),
      public_key: publicKey.container.toBase64(),
    })),
  };
  return `${JSON.stringify(bundle, null, 2)}\n`;
}

/**
 * What somebody sent: a bundle, or one key as the 45 bytes of a `.pub` file or their base64, which
 * `name` has to name then.
 * @throws KeystoreError when it is none of these, or not whole.
 */
export function parsePublicKeys(
  bytes: Uint8Array,
  name: KeyName | null,
): readonly NamedPublicKey[] {
  const text = new TextDecoder("latin1").decode(bytes).trim();
  if (text.startsWith("{")) {
    const keys = parseBundle(new TextDecoder().decode(bytes));
    const wanted = name === null ? null : formatKeyId(name.kind, name.id);
    return keys.filter(
      (key) => wanted === null || formatKeyId(key.name.kind, key.name.id) === wanted,
    );
  }
  if (name === null) {
    throw new KeystoreError(
      "The public key does not say whose it is",
      "name the key, as in --key_id=client/ID/storage, or export a bundle",
    );
  }
  const isBase64 = /^[A-Za-z0-9+/\s]+={0,2}$/.test(text);
  return [{ name, publicKey: decode(isBase64 ? decodeText(text) : bytes) }];
}

function parseBundle(text: string): readonly NamedPublicKey[] {
  const bundle = parseJson(text);
  if (!isObject(bundle) || bundle["format"] !== FORMAT || !Array.isArray(bundle["keys"])) {
    throw damaged("is not a bundle of public keys");
  }
  if (bundle["version"] !== VERSION) {
    throw damaged(`has the version ${JSON.stringify(bundle["version"])}, which is not known`);
  }
  return bundle["keys"].map(parseEntry);
}

function parseEntry(entry: unknown): NamedPublicKey {
  if (!isObject(entry)) {
    throw damaged("has an entry that is no object");
  }
  const { id, fingerprint, public_key: encoded } = entry;
  const name = typeof id === "string" ? parseKeyId(id) : null;
  if (name === null || typeof encoded !== "string") {
    throw damaged(`has an entry without a valid id: ${JSON.stringify(id ?? null)}`);
  }
  const publicKey = decode(decodeText(encoded));
  if (fingerprint !== fingerprintOf(publicKey)) {
    throw damaged(`was changed: the fingerprint of ${id} is not that of its key`);
  }
  return { name, publicKey };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw damaged("is not JSON", cause);
  }
}

function decodeText(text: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(text);
  } catch (cause) {
    throw damaged("holds a key that is not base64", cause);
  }
}

function decode(bytes: Uint8Array): PublicKey {
  try {
    return decodePublicKey(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) {
      throw cause;
    }
    throw damaged("holds something that is no public key", cause);
  }
}

function damaged(fault: string, cause?: unknown): KeystoreError {
  return new KeystoreError(`What is to be imported ${fault}`, "export it again and send it anew", {
    cause,
  });
}
