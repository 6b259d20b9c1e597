/**
 * Our own connections to a database: connection strings as libpq and the original read them, and the
 * driver.
 *
 * @module
 */

export { connect, type Sql } from "./connect.ts";
export { type ConnectionSettings, parseConnectionString } from "./connection_string.ts";
export { describeCause } from "./describe_cause.ts";
