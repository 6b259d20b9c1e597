/** Ids that name keys, checked before they become part of a path: acra-formats.md §4.2, §4.7. */

declare const clientIdBrand: unique symbol;

/** A checked client id: 5 to 256 bytes of letters, digits, `_`, `-` and blank. */
export type ClientId = string & { readonly [clientIdBrand]: true };

// Specification. All allowed characters are ASCII, so that characters are bytes.
const CLIENT_ID = /^[a-zA-Z0-9_\- ]{5,256}$/;
const OTHER_FILES = ["_server", "_storage", "_translator", "_zone"];
const AUTH_KEY = "auth_key";

/** Whether a text may be a client id; zone ids and Secure Session ids obey the same rule. */
export function isValidClientId(id: string): id is ClientId {
  return CLIENT_ID.test(id);
}

/**
 * Whether keys of this id would lie in files that belong to other keys: `x_server` is where client
 * `x` has its server key. Such keys are read, but not made unless forced.
 */
export function isAmbiguousClientId(id: ClientId): boolean {
  return id === AUTH_KEY || OTHER_FILES.some((suffix) => id.endsWith(suffix));
}
