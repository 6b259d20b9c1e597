/**
 * The server's HTTP API: requests in, answers out, one request for each connection
 * (acra-formats.md §5.6, acra-cli.md §10).
 *
 * @module
 */

export type { ApiConfig, ConfigChange } from "./api_config.ts";
export {
  ApiConversation,
  type ApiConversationOptions,
  type ConversationEnd,
} from "./conversation.ts";
export type { ApiRequest } from "./request_reader.ts";
export { type ApiActions, answerRequest, type RouterOptions } from "./router.ts";
