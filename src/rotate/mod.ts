/**
 * New keys for zones, and the files that are sealed for them sealed anew (acra-formats.md §8.5). At no
 * moment is there a file without a key that opens it: a run that was killed is made good by the next.
 *
 * @module
 */

export { type FileMap, parseFileMap } from "./file_map.ts";
export { formatReport } from "./report.ts";
export { RotateError } from "./rotate_error.ts";
export {
  checkRotation,
  type RotatedZone,
  type RotationObserver,
  rotateZones,
  type ZoneKeys,
} from "./rotate_zones.ts";
