/**
 * Our own connections to a database: connection strings as libpq and the original read them, and the
 * driver.
 *
 * @module
 */

export { type ConnectionSettings, parseConnectionString } from "./connection_string.ts";
export { DatabaseConnection, type Statements } from "./database_connection.ts";
export { describeCause } from "./describe_cause.ts";
