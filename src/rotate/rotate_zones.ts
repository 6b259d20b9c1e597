/**
 * The order of a rotation. First all files of all zones are sealed anew beside the old ones; then, zone
 * by zone, the new key takes its place while the old one is kept, and the files are renamed. A file that
 * an interrupted run left sealed with an old key is opened with that.
 */

import { AcraStructError, openAcraStruct, sealAcraStruct } from "../acrastruct/mod.ts";
import { wipe } from "../crypto/mod.ts";
import { type ClientId, isValidClientId, type StagedPair } from "../keystore/mod.ts";
import type { PrivateKey, PublicKey } from "../themis/mod.ts";
import type { FileMap } from "./file_map.ts";
import { RotateError } from "./rotate_error.ts";
import {
  type OriginalFile,
  readOriginal,
  removeLeftovers,
  StagedRewrite,
} from "./staged_rewrite.ts";

/** The keys of zones, present, past and future. */
export interface ZoneKeys {
  findZoneKey(zoneId: string): PrivateKey | null;
  /** Keys that were replaced, newest first. */
  findOldZoneKeys(zoneId: string): readonly PrivateKey[];
  stageZonePair(zoneId: ClientId): StagedPair;
}

/** A zone with its new key. */
export interface RotatedZone {
  readonly zoneId: string;
  readonly publicKey: PublicKey;
  /** As they were given. */
  readonly paths: readonly string[];
}

/** Is told what happens meanwhile. */
export interface RotationObserver {
  /** A file that only an old key opens: a run was interrupted, or did not name it. */
  onOldKey(zoneId: string, path: string): void;
  onFileDone(zoneId: string, path: string): void;
  onZoneDone(zoneId: string): void;
}

/** A file by the path that was given. */
interface StagedFile {
  readonly path: string;
  readonly rewrite: StagedRewrite;
}

interface StagedZone {
  readonly zoneId: string;
  readonly paths: readonly string[];
  readonly pair: StagedPair;
  readonly files: readonly StagedFile[];
}

/**
 * Rotates the keys of all zones of the map.
 * @throws RotateError or `KeystoreError`. Before the first new key is stored nothing has changed;
 * later, files that are not renamed yet open with the key that was kept, and the next run renames them.
 */
export function rotateZones(
  fileMap: FileMap,
  keys: ZoneKeys,
  observer: RotationObserver,
): RotatedZone[] {
  const staged: StagedZone[] = [];
  const rewrites: StagedRewrite[] = [];
  try {
    for (const [zoneId, paths] of fileMap) {
      staged.push(stageZone(zoneId, paths, { keys, observer, rewrites }));
    }
    const changed = staged.flatMap(({ files }) => files).find(({ rewrite }) => !rewrite.isCurrent);
    if (changed !== undefined) {
      throw new RotateError(
        `${changed.path} was changed while it was read; nothing was rotated`,
        "stop what writes to it, and run the rotation again",
      );
    }
    const rotated = staged.map((zone) => installZone(zone, observer));
    for (const folder of new Set(rewrites.map((rewrite) => rewrite.folder))) {
      removeLeftovers(folder);
    }
    return rotated;
  } finally {
    for (const rewrite of rewrites) {
      rewrite.discard();
    }
  }
}

/**
 * Does all that a rotation does in memory, and writes nothing.
 * @throws as `rotateZones`, for the first file that could not be rotated.
 */
export function checkRotation(
  fileMap: FileMap,
  keys: ZoneKeys,
  observer: Pick<RotationObserver, "onOldKey">,
): void {
  for (const [zoneId, paths] of fileMap) {
    const zone = openZone(zoneId, keys, observer);
    for (const path of paths) {
      wipe(zone.open(path, readOriginal(path)));
    }
  }
}

interface Staging {
  readonly keys: ZoneKeys;
  readonly observer: RotationObserver;
  /** Gets every rewrite as soon as it exists. */
  readonly rewrites: StagedRewrite[];
}

function stageZone(zoneId: string, paths: readonly string[], staging: Staging): StagedZone {
  const { keys, observer, rewrites } = staging;
  const zone = openZone(zoneId, keys, observer);
  const pair = keys.stageZonePair(zone.zoneId);
  const files = new Map<string, StagedFile>();
  for (const path of paths) {
    const original = readOriginal(path);
    if (!files.has(original.path)) {
      const plaintext = zone.open(path, original);
      try {
        const sealed = sealAcraStruct(plaintext, pair.publicKey, zone.context);
        const rewrite = new StagedRewrite(original, sealed);
        rewrites.push(rewrite);
        files.set(original.path, { path, rewrite });
      } finally {
        wipe(plaintext);
      }
    }
  }
  return { zoneId, paths, pair, files: [...files.values()] };
}

function installZone(zone: StagedZone, observer: RotationObserver): RotatedZone {
  const { zoneId, paths, pair, files } = zone;
  pair.install();
  const failures: RotateError[] = [];
  for (const { path, rewrite } of files) {
    try {
      rewrite.commit();
      observer.onFileDone(zoneId, path);
    } catch (error) {
      if (!(error instanceof RotateError)) {
        throw error;
      }
      failures.push(error);
    }
  }
  const [failure] = failures;
  if (failure !== undefined) {
    throw new RotateError(
      `${failure.message}; zone ${zoneId} has its new key, and ${failures.length} of its files are still sealed with the old one, which is kept`,
      "mend what stands in the way and run the same rotation again: it opens them with the old key",
      { cause: failure },
    );
  }
  observer.onZoneDone(zoneId);
  return { zoneId, publicKey: pair.publicKey, paths };
}

interface OpenedZone {
  readonly zoneId: ClientId;
  readonly context: Uint8Array;
  /** The plaintext of a file; the caller wipes it. */
  open(path: string, original: OriginalFile): Uint8Array;
}

function openZone(
  zoneId: string,
  keys: ZoneKeys,
  observer: Pick<RotationObserver, "onOldKey">,
): OpenedZone {
  const current = isValidClientId(zoneId) ? keys.findZoneKey(zoneId) : null;
  if (!isValidClientId(zoneId) || current === null) {
    throw new RotateError(
      `No key of zone "${zoneId}"; nothing was rotated`,
      "name zones by their ids, and the server's key folder with --keys_dir",
    );
  }
  const context = new TextEncoder().encode(zoneId);
  return {
    zoneId,
    context,
    open(path, { bytes }) {
      const plaintext = tryOpen(bytes, current, context);
      if (typeof plaintext !== "string") {
        return plaintext;
      }
      for (const old of keys.findOldZoneKeys(zoneId)) {
        const opened = tryOpen(bytes, old, context);
        if (typeof opened !== "string") {
          observer.onOldKey(zoneId, path);
          return opened;
        }
      }
      throw new RotateError(
        `Can't decrypt ${path} with the keys of zone ${zoneId} (${plaintext}); nothing was rotated`,
        "the file has to hold one AcraStruct of that zone and nothing else; take it off the list, or bring it back from a copy",
      );
    },
  };
}

/** The plaintext, or which check failed. */
function tryOpen(bytes: Uint8Array, key: PrivateKey, context: Uint8Array): Uint8Array | string {
  try {
    return openAcraStruct(bytes, key, context);
  } catch (error) {
    if (!(error instanceof AcraStructError)) {
      throw error;
    }
    return error.kind;
  }
}
