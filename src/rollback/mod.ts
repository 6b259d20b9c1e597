/**
 * Decrypts what a database holds back into plain statements: reads rows, opens the AcraStruct of each,
 * and writes or runs one INSERT a row (acra-formats.md §8.4). Rows stream: memory does not grow with
 * their number.
 *
 * @module
 */

export { type InsertStatement, parseInsertStatement } from "./insert_statement.ts";
export { formatEscapeLiteral, formatHexLiteral } from "./literals.ts";
export {
  type RollbackObserver,
  type RollbackPlan,
  type RollbackSummary,
  rollBack,
} from "./rollback.ts";
export { RollbackError } from "./rollback_error.ts";
export {
  createClientOpener,
  createZoneOpener,
  type RowOpener,
  type RowOutcome,
} from "./row_opener.ts";
