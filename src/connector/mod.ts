/**
 * The connector: looks like the database to the application and carries its bytes to the server over
 * an authenticated channel (acra-formats.md §5.2, acra-cli.md §8.2).
 *
 * @module
 */

export {
  type ConnectorOptions,
  type ConnectorSurroundings,
  type ConnectorTransport,
  type RunningConnector,
  startConnector,
} from "./connector.ts";
