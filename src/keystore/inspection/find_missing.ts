/** Keys that a holder needs and does not have. */

import type { ClientId } from "../client_id.ts";
import { KEY_KINDS, keyFilesOf, type OwnedKeyKind } from "../key_files.ts";
import type { Finding } from "./finding.ts";
import type { FolderEntry } from "./folder_entries.ts";
import { HOLDERS, type Holder, type KeyHalf } from "./holders.ts";

/** Whose keys have to be there. */
export interface Needed {
  readonly holder: Holder;
  readonly clientId: ClientId | null;
  readonly transportKeys: boolean;
}

const TRANSPORT_KINDS: readonly OwnedKeyKind[] = [
  "connector-transport",
  "server-transport",
  "translator-transport",
];

/** Looks at names only: whether a file can be read is another question. */
export function findMissing(entries: readonly FolderEntry[], needed: Needed): readonly Finding[] {
  const present = new Set(
    entries.filter(({ isOld, isFolder }) => !isOld && !isFolder).map(({ name }) => name),
  );
  const clients = needed.clientId === null ? findClients(entries) : [needed.clientId];
  const zones = findZones(entries);
  if (needed.holder === "writer") {
    return findMissingForWriter(entries, needed, present);
  }
  if (clients.length === 0 && zones.length === 0) {
    return [missing(".", `no keys of any client are here`, "make them with `acra keys layout`")];
  }
  return [
    ...clients.flatMap((id) => findMissingOf(id, needed, present, zones.length > 0)),
    ...(needed.holder === "connector" ? [] : zones.flatMap((id) => findMissingZone(id, present))),
  ];
}

function findMissingOf(
  id: ClientId,
  { holder, transportKeys }: Needed,
  present: ReadonlySet<string>,
  hasZones: boolean,
): readonly Finding[] {
  const { needs, needsOne } = HOLDERS[holder];
  const isWanted = ({ kind }: KeyHalf) => transportKeys || !TRANSPORT_KINDS.includes(kind);
  const findings = needs
    .filter((half) => isWanted(half) && !present.has(nameOf(half, id)))
    .map((half): Finding => {
      const finding = missing(nameOf(half, id), describe(half, id), hintFor(half, holder));
      const isPerhapsNotNeeded = half.kind === "storage" && hasZones;
      return isPerhapsNotNeeded ? { ...finding, severity: "warning" } : finding;
    });
  const choices = needsOne.filter(isWanted);
  const [choice] = choices;
  if (choice !== undefined && !choices.some((half) => present.has(nameOf(half, id)))) {
    findings.push(missing(nameOf(choice, id), describe(choice, id), hintFor(choice, holder)));
  }
  return findings;
}

function findMissingZone(id: ClientId, present: ReadonlySet<string>): readonly Finding[] {
  const half: KeyHalf = { kind: "zone", half: "private" };
  const name = nameOf(half, id);
  return present.has(name)
    ? []
    : [missing(name, describe(half, id), "bring it back from a copy: a new one opens nothing old")];
}

function findMissingForWriter(
  entries: readonly FolderEntry[],
  { clientId }: Needed,
  present: ReadonlySet<string>,
): readonly Finding[] {
  const half: KeyHalf = { kind: "storage", half: "public" };
  if (clientId !== null) {
    const name = nameOf(half, clientId);
    return present.has(name)
      ? []
      : [missing(name, describe(half, clientId), hintFor(half, "writer"))];
  }
  const hasAny = entries.some(
    ({ key, half: side }) => side === "public" && (key?.kind === "storage" || key?.kind === "zone"),
  );
  return hasAny
    ? []
    : [
        missing(
          ".",
          "no public storage key and no zone's public key is here",
          hintFor(half, "writer"),
        ),
      ];
}

function findClients(entries: readonly FolderEntry[]): readonly ClientId[] {
  const ids = entries.flatMap(({ key, isOld }) =>
    key === null || key.id === null || key.kind === "zone" || isOld ? [] : [key.id],
  );
  return [...new Set(ids)];
}

function findZones(entries: readonly FolderEntry[]): readonly ClientId[] {
  const ids = entries.flatMap(({ key, isOld }) => (key?.kind === "zone" && !isOld ? [key.id] : []));
  return [...new Set(ids)];
}

function nameOf({ kind, half }: KeyHalf, id: ClientId): string {
  const files = keyFilesOf(kind, id);
  return half === "private" ? files.privateName : files.publicName;
}

function describe({ kind, half }: KeyHalf, id: ClientId): string {
  const { title, purpose } = KEY_KINDS[kind];
  return `the ${half} half of the ${title} of "${id}" is missing; it ${purpose}`;
}

function hintFor({ kind, half }: KeyHalf, holder: Holder): string {
  const { privateHolder } = KEY_KINDS[kind];
  return half === "public" && privateHolder !== holder
    ? `copy the .pub file from the ${privateHolder}'s folder, or use \`acra keys export\` and \`acra keys import\``
    : "bring it back from a copy, or make the pair anew and hand its public half out again";
}

function missing(file: string, message: string, hint: string): Finding {
  return { severity: "fault", kind: "missing", file, message, hint };
}
