/**
 * Zones: parts of the data with a key pair of their own, named by an id that is stored beside the data
 * (acra-formats.md §2). Ids, their delivery, and how they are found in cells.
 *
 * @module
 */

export { findZoneIds, type ZoneIdPlace } from "./find_zone_ids.ts";
export { formatZone, type Zone } from "./format_zone.ts";
export { generateZoneId, isZoneId, ZONE_ID_LENGTH, ZONE_TAG } from "./zone_id.ts";
