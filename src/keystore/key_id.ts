/** Names of keys, as later versions of Acra write them: `client/ID/transport/server` (acra-cli.md §16.3). */

import { type ClientId, isValidClientId } from "./client_id.ts";
import {
  type KeyFiles,
  type KeyKind,
  keyFilesOf,
  type OwnedKeyKind,
  POISON_FILES,
} from "./key_files.ts";

/** Which key is meant. */
export type KeyName =
  | { readonly kind: OwnedKeyKind; readonly id: ClientId }
  | { readonly kind: "poison" | "webconfig-auth"; readonly id: null };

/** Kinds of keys of a client by the end of their names. */
const CLIENT_KINDS: Readonly<Record<string, OwnedKeyKind>> = {
  storage: "storage",
  "transport/connector": "connector-transport",
  "transport/server": "server-transport",
  "transport/translator": "translator-transport",
};
const POISON_NAME = "poison-record";
const AUTH_NAME = "webconfig-auth";

/** Every form that a key id can have, for messages. */
export const KEY_ID_FORMS = [
  "client/ID/storage",
  ...["connector", "server", "translator"].map((end) => `client/ID/transport/${end}`),
  "zone/ID/storage",
  POISON_NAME,
  AUTH_NAME,
];

/** The key id of a key. */
export function formatKeyId(kind: KeyKind, id: string | null): string {
  switch (kind) {
    case "poison":
      return POISON_NAME;
    case "webconfig-auth":
      return AUTH_NAME;
    case "storage":
      return `client/${id}/storage`;
    case "zone":
      return `zone/${id}/storage`;
    case "connector-transport":
    case "server-transport":
    case "translator-transport":
      return `client/${id}/transport/${kind.slice(0, -"-transport".length)}`;
  }
}

/** The key that a key id names; `null` when the text has none of the forms. */
export function parseKeyId(text: string): KeyName | null {
  if (text === POISON_NAME) {
    return { kind: "poison", id: null };
  }
  if (text === AUTH_NAME) {
    return { kind: "webconfig-auth", id: null };
  }
  const [owner = "", id = "", ...rest] = text.split("/");
  const end = rest.join("/");
  if (!isValidClientId(id)) {
    return null;
  }
  if (owner === "zone") {
    return end === "storage" ? { kind: "zone", id } : null;
  }
  const kind =
    owner === "client" && Object.hasOwn(CLIENT_KINDS, end) ? CLIENT_KINDS[end] : undefined;
  return kind === undefined ? null : { kind, id };
}

/** The files of a key pair; `null` for the one key that is no pair. */
export function findPairFiles({ kind, id }: KeyName): KeyFiles | null {
  if (id === null) {
    return kind === "poison" ? POISON_FILES : null;
  }
  return keyFilesOf(kind, id);
}
