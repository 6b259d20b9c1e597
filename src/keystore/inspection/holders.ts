/** Who holds which keys: acra-formats.md §4.1, "Distribution". */

import type { KeyKind, OwnedKeyKind } from "../key_files.ts";

/** A program that is given a key folder. */
export type Holder = "server" | "connector" | "writer" | "translator";

/** Half of a key pair. */
export interface KeyHalf {
  readonly kind: OwnedKeyKind;
  readonly half: "private" | "public";
}

/** What a holder needs and must not have. */
export interface HolderRules {
  /** For each client. */
  readonly needs: readonly KeyHalf[];
  /** Of these it needs one at least, for each client. */
  readonly needsOne: readonly KeyHalf[];
  /** Kinds whose private halves it may have. */
  readonly mayHold: readonly KeyKind[];
  /** Private keys of other kinds in its folder break a promise, and are not merely superfluous. */
  readonly isExposed: boolean;
}

const storage: KeyHalf = { kind: "storage", half: "private" };
const connectorPublic: KeyHalf = { kind: "connector-transport", half: "public" };

/** The rules of each holder. */
export const HOLDERS: Readonly<Record<Holder, HolderRules>> = {
  server: {
    needs: [{ kind: "server-transport", half: "private" }, connectorPublic, storage],
    needsOne: [],
    mayHold: ["server-transport", "storage", "zone", "poison", "webconfig-auth"],
    isExposed: false,
  },
  translator: {
    needs: [{ kind: "translator-transport", half: "private" }, connectorPublic, storage],
    needsOne: [],
    mayHold: ["translator-transport", "storage", "zone", "poison"],
    isExposed: false,
  },
  connector: {
    needs: [{ kind: "connector-transport", half: "private" }],
    needsOne: [
      { kind: "server-transport", half: "public" },
      { kind: "translator-transport", half: "public" },
    ],
    mayHold: ["connector-transport"],
    isExposed: true,
  },
  writer: { needs: [], needsOne: [], mayHold: [], isExposed: true },
};

/** Why a private key must not lie with a holder that is exposed, as the end of "FILE: …". */
export const DANGER: Readonly<Record<KeyKind, string>> = {
  storage: "this private key decrypts the database, and only the server may have it",
  zone: "this private key decrypts the database, and only the server may have it",
  poison: "this private key tells poison records from real values, and only the server may have it",
  "server-transport": "with this private key anybody can pose as the server",
  "translator-transport": "with this private key anybody can pose as the translator",
  "connector-transport": "with this private key anybody can pose as the connector",
  "webconfig-auth": "this key opens the password file, and only the server may have it",
};
