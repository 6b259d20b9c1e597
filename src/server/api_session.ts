/** One connection to the HTTP API: transport, one request, its answer (acra-cli.md §10.1). */

import {
  type ApiActions,
  ApiConversation,
  answerRequest,
  type ConversationEnd,
} from "../http_api/mod.ts";
import { EVENT, type LogFields } from "../log/mod.ts";
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
      const about = { client_id: clientId, peer: connection.peer };
      server.log.info("Handle commands connection", about);
      this.#conversation = new ApiConversation(connection, {
        answer: (request) =>
          answerRequest(request, { actions, zonesOnly: api.zonesOnly, log: server.log, about }),
        timeoutMs: requestMs,
        ended: (end) => this.#finished(end, about),
      });
    } catch (error) {
      reportRefusal(error, this.#accepted.peer, server);
      ended();
    }
  }

  #finished({ reason, error }: ConversationEnd, about: LogFields): void {
    const { server, ended } = this.#options;
    if (error) {
      const code = EVENT.sessionFailed;
      server.log.error("API session ended", { code, ...about, error: reason });
    } else {
      server.log.debug("API session ended", { ...about, error: reason });
    }
    ended();
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
