/** One connection to the HTTP API: transport, one request, its answer (acra-cli.md §10.1). */

import { type ApiActions, ApiConversation, answerRequest } from "../http_api/mod.ts";
import type { Connection } from "../transport/mod.ts";
import { acceptTransport, reportRefusal } from "./accept_transport.ts";
import { type ServerApi, type ServerOptions, timeLimitsOf } from "./options.ts";
import type { Session } from "./session_starter.ts";

/** What an API session works with. */
export interface ApiSessionOptions {
  readonly server: ServerOptions;
  readonly api: ServerApi;
  readonly actions: ApiActions;
  /** Called once, when nothing of the session is left. */
  readonly ended: () => void;
}

/** Takes over a connection. */
export function startApiSession(connection: Connection, options: ApiSessionOptions): Session {
  const session = new ApiSession(connection, options);
  options.server.log.info(`Got new connection to AcraServer: ${connection.peer}`);
  void session.run();
  return session;
}

class ApiSession implements Session {
  readonly #accepted: Connection;
  readonly #options: ApiSessionOptions;
  #conversation: ApiConversation | null = null;
  #cancelled = false;

  constructor(accepted: Connection, options: ApiSessionOptions) {
    this.#accepted = accepted;
    this.#options = options;
  }

  async run(): Promise<void> {
    const { server, api, actions, ended } = this.#options;
    const { handshakeMs, requestMs } = timeLimitsOf(server);
    try {
      const { clientId, connection } = await acceptTransport(this.#accepted, server, handshakeMs);
      if (this.#cancelled) {
        connection.abort();
        ended();
        return;
      }
      server.log.info("Handle commands connection", { client_id: clientId });
      this.#conversation = new ApiConversation(connection, {
        answer: (request) =>
          answerRequest(request, { actions, zonesOnly: api.zonesOnly, log: server.log }),
        timeoutMs: requestMs,
        ended,
      });
    } catch (error) {
      reportRefusal(error, server);
      ended();
    }
  }

  drain(): void {
    if (this.#conversation === null) {
      this.abort();
    } else {
      this.#conversation.drain();
    }
  }

  abort(): void {
    this.#cancelled = true;
    if (this.#conversation === null) {
      this.#accepted.abort();
    } else {
      this.#conversation.abort();
    }
  }
}
