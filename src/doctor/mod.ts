/**
 * Looks for what is wrong with a host of server or connector. One check a file; each answers what is
 * as it should be, and findings that say what to do. Nothing is changed.
 *
 * @module
 */

export type { ByteaOutput } from "./check_bytea_output.ts";
export { checkDatabase } from "./check_database.ts";
export { checkExposure } from "./check_exposure.ts";
export { checkKeys } from "./check_keys.ts";
export { checkLimits } from "./check_limits.ts";
export { checkListener } from "./check_listener.ts";
export { checkMasterKey } from "./check_master_key.ts";
export { checkPoison } from "./check_poison.ts";
export { checkServer } from "./check_server.ts";
export { type ColumnName, parseColumnNames } from "./column_name.ts";
export { type CheckReport, errorAt, type Finding, warningAt } from "./finding.ts";
export { lookInside } from "./look_inside.ts";
