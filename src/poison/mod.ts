/**
 * Poison records: AcraStructs that nobody reads in honest use, so that opening one is an alarm
 * (acra-formats.md §3).
 *
 * @module
 */

export { isPoisonRecord, sealPoisonRecord } from "./poison_record.ts";
