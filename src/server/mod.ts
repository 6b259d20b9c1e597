/**
 * The server: accepts applications and connectors, dials the database for each of them, and lets a
 * pump run between the two (acra-proxy.md §1, acra-cli.md §7.2).
 *
 * @module
 */

export type { ServerApi, ServerOptions, ServerTls, ServerTransport } from "./options.ts";
export { type RunningServer, type ServerSurroundings, startServer } from "./server.ts";
