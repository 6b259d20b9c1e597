/**
 * All keys of a client, laid out in one folder for each holder: acra-cli.md §9.1, §9.2. What a holder
 * does not need is not in its folder.
 */

import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ClientId } from "../client_id.ts";
import { type KeyFiles, keyFilesOf, type OwnedKeyKind } from "../key_files.ts";
import type { MasterKey } from "../master_key.ts";
import { FilesystemKeyMaker } from "./filesystem_key_maker.ts";
import { keepOldKey, readClock } from "./old_keys.ts";
import { isPrivateFolderMode } from "./read_key_file.ts";
import { alreadyExists, cannotWrite, StagedFile } from "./staged_file.ts";

/** A holder of keys; the name of its folder. */
export type LayoutComponent = "acra-server" | "acra-connector" | "acra-writer" | "acra-translator";

/** What is to be laid out. */
export interface LayoutOptions {
  /** Holds the components' folders. */
  readonly folder: string;
  readonly clientId: ClientId;
  readonly masterKey: MasterKey;
  /** Also keys for a translator. */
  readonly translator: boolean;
  /** Whether existing private keys may be replaced; they are kept. */
  readonly replace: boolean;
}

/** A file that was written. */
export interface LaidOutFile {
  readonly component: LayoutComponent;
  readonly kind: OwnedKeyKind;
  readonly half: "private" | "public";
  readonly path: string;
  /** Where the private key that stood there is kept, or `null`. */
  readonly keptPath: string | null;
}

/** Which pair is made where. */
interface PairPlace {
  readonly kind: OwnedKeyKind;
  readonly privateHolder: LayoutComponent;
  readonly publicHolder: LayoutComponent;
}

const PAIRS: readonly PairPlace[] = [
  { kind: "server-transport", privateHolder: "acra-server", publicHolder: "acra-connector" },
  { kind: "connector-transport", privateHolder: "acra-connector", publicHolder: "acra-server" },
  { kind: "storage", privateHolder: "acra-server", publicHolder: "acra-writer" },
];
const TRANSLATOR: LayoutComponent = "acra-translator";
const TRANSLATOR_PAIR: PairPlace = {
  kind: "translator-transport",
  privateHolder: TRANSLATOR,
  publicHolder: "acra-connector",
};

const FOLDER_MODE = 0o700;
const PRIVATE_MODE = 0o600;
const PUBLIC_MODE = 0o644;

/**
 * Makes the pairs and puts each half where it is needed; all folders get mode 0700.
 * @throws KeystoreError, before anything is written, when a private key exists and may not be replaced.
 */
export function layOutKeys(options: LayoutOptions): readonly LaidOutFile[] {
  const pairs = options.translator ? [...PAIRS, TRANSLATOR_PAIR] : PAIRS;
  if (!options.replace) {
    refuseExisting(options, pairs);
  }
  for (const component of new Set(pairs.flatMap((p) => [p.privateHolder, p.publicHolder]))) {
    makeFolder(join(options.folder, component));
  }
  const made = pairs.flatMap((pair) => makePair(options, pair));
  return options.translator ? [...made, ...copyForTranslator(options, made)] : made;
}

function refuseExisting(options: LayoutOptions, pairs: readonly PairPlace[]): void {
  const { folder, clientId } = options;
  const { privateName } = keyFilesOf("storage", clientId);
  const paths = pairs.map((pair) =>
    join(folder, pair.privateHolder, keyFilesOf(pair.kind, clientId).privateName),
  );
  if (options.translator) {
    paths.push(join(folder, TRANSLATOR, privateName));
  }
  const existing = paths.find((path) => existsSync(path));
  if (existing !== undefined) {
    throw alreadyExists(existing);
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
    if (!isPrivateFolderMode(statSync(path).mode)) {
      chmodSync(path, FOLDER_MODE);
    }
  } catch (cause) {
    throw cannotWrite(path, cause);
  }
}

function makePair(options: LayoutOptions, pair: PairPlace): LaidOutFile[] {
  const { folder, masterKey, clientId, replace } = options;
  const { kind, privateHolder, publicHolder } = pair;
  const maker = new FilesystemKeyMaker({
    folder: join(folder, privateHolder),
    publicFolder: join(folder, publicHolder),
    masterKey,
  });
  const { privatePlace, publicPlace, keptPlace } = maker.makePair(kind, clientId, { replace });
  return [
    { component: privateHolder, kind, half: "private", path: privatePlace, keptPath: keptPlace },
    { component: publicHolder, kind, half: "public", path: publicPlace, keptPath: null },
  ];
}

/** A translator opens AcraStructs as the server does, and talks to the same connector. */
function copyForTranslator(
  options: LayoutOptions,
  made: readonly LaidOutFile[],
): readonly LaidOutFile[] {
  const target = join(options.folder, TRANSLATOR);
  return made
    .filter(
      ({ kind, half }) =>
        (kind === "storage" && half === "private") ||
        (kind === "connector-transport" && half === "public"),
    )
    .map((file) => copyFile(file, target, keyFilesOf(file.kind, options.clientId)));
}

function copyFile(file: LaidOutFile, folder: string, files: KeyFiles): LaidOutFile {
  const isPrivate = file.half === "private";
  const path = join(folder, isPrivate ? files.privateName : files.publicName);
  const mode = isPrivate ? PRIVATE_MODE : PUBLIC_MODE;
  const staged = new StagedFile(path, readFileSync(file.path), mode);
  try {
    const keptPath = keepOldKey(path, readClock());
    staged.replace();
    return { ...file, component: TRANSLATOR, path, keptPath: isPrivate ? keptPath : null };
  } finally {
    staged.discard();
  }
}
