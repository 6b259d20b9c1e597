/** Which file holds which key, and with what context it is encrypted: acra-formats.md §4.1. */

import type { ClientId } from "./client_id.ts";

/** A kind of key pair that belongs to an id. */
export type OwnedKeyKind =
  | "connector-transport"
  | "server-transport"
  | "translator-transport"
  | "storage"
  | "zone";

/** Any kind of key in a key folder. */
export type KeyKind = OwnedKeyKind | "poison" | "webconfig-auth";

/** Where a key pair lies, relative to the key folder, and the context of its private file. */
export interface KeyFiles {
  readonly kind: KeyKind;
  /** The client or zone, `null` for the poison pair. */
  readonly id: ClientId | null;
  readonly privateName: string;
  readonly publicName: string;
  /** Context of the Secure Cell: it names the owner, not the kind of the key. */
  readonly context: Uint8Array;
}

/** What a person should know of a kind of key. */
export interface KeyKindInfo {
  /** Ends the file name, behind the id. */
  readonly suffix: string;
  readonly title: string;
  readonly purpose: string;
  readonly privateHolder: string;
  readonly publicHolder: string;
}

/** The table of §4.1. */
export const KEY_KINDS: Readonly<Record<OwnedKeyKind, KeyKindInfo>> = {
  "connector-transport": {
    suffix: "",
    title: "connector transport key",
    purpose: "proves the connector to the server",
    privateHolder: "connector",
    publicHolder: "server",
  },
  "server-transport": {
    suffix: "_server",
    title: "server transport key",
    purpose: "proves the server to the connector",
    privateHolder: "server",
    publicHolder: "connector",
  },
  "translator-transport": {
    suffix: "_translator",
    title: "translator transport key",
    purpose: "proves a translator to the connector",
    privateHolder: "translator",
    publicHolder: "connector",
  },
  storage: {
    suffix: "_storage",
    title: "storage key",
    purpose: "opens AcraStructs; the public key makes them",
    privateHolder: "server",
    publicHolder: "writer",
  },
  zone: {
    suffix: "_zone",
    title: "zone key",
    purpose: "opens AcraStructs of a zone; the public key makes them",
    privateHolder: "server",
    publicHolder: "writer",
  },
};

const PUBLIC_SUFFIX = ".pub";
const POISON_NAME = ".poison_key/poison_key";

/** Key of the password file of the web configuration: 32 raw bytes. */
export const AUTH_KEY_NAME = "auth_key";

/** The poison pair: one for the whole folder. */
export const POISON_FILES: KeyFiles = {
  kind: "poison",
  id: null,
  privateName: POISON_NAME,
  publicName: POISON_NAME + PUBLIC_SUFFIX,
  context: new TextEncoder().encode(POISON_NAME),
};

/** The files of a key pair that belongs to an id. */
export function keyFilesOf(kind: OwnedKeyKind, id: ClientId): KeyFiles {
  const privateName = id + KEY_KINDS[kind].suffix;
  return {
    kind,
    id,
    privateName,
    publicName: privateName + PUBLIC_SUFFIX,
    context: new TextEncoder().encode(id),
  };
}
