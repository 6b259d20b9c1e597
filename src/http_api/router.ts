/** From a request to its answer; the path alone decides (acra-formats.md §5.6, acra-cli.md §10.2). */

import { describeError, EVENT, type LogFields, type Logger } from "../log/mod.ts";
import { DONE, FAILED, formatFound, NOT_FOUND } from "./answers.ts";
import {
  type ApiConfig,
  type ConfigChange,
  ConfigChangeError,
  formatConfig,
  parseConfigChange,
} from "./api_config.ts";
import type { ApiRequest } from "./request_reader.ts";

/** What the endpoints do. Each may throw: the failure is logged and answered. */
export interface ApiActions {
  /** Makes and stores a new zone; answers its JSON (acra-formats.md §2.2). */
  makeZone(): string;
  /** Forgets all keys that are held in memory. */
  resetKeys(): Promise<void>;
  /** The decrypted accounts of the web configuration (acra-formats.md §8.6). */
  loadAccounts(): string;
  /** The settings that hold now. */
  readConfig(): ApiConfig;
  /** Stores changed settings and makes them hold for new sessions. */
  changeConfig(change: ConfigChange): Promise<void>;
}

/** What the router needs. */
export interface RouterOptions {
  readonly actions: ApiActions;
  /** Leaves nothing open but `/getNewZone` and `/resetKeyStorage`. */
  readonly zonesOnly: boolean;
  readonly log: Logger;
  /** Who asks, for log lines. */
  readonly about: LogFields;
}

const PATHS = [
  "/getNewZone",
  "/resetKeyStorage",
  "/loadAuthData",
  "/getConfig",
  "/setConfig",
] as const;

type ApiPath = (typeof PATHS)[number];

const ALWAYS_OPEN: readonly ApiPath[] = ["/getNewZone", "/resetKeyStorage"];

/** Whether the body of a request for this path is looked at. */
export function needsBody(path: string): boolean {
  return path === "/setConfig";
}

/** Does what is asked for and gives the whole text of the answer; never rejects. */
export async function answerRequest(request: ApiRequest, options: RouterOptions): Promise<string> {
  const path = PATHS.find((known) => known === request.path);
  if (path === undefined || (options.zonesOnly && !ALWAYS_OPEN.includes(path))) {
    return NOT_FOUND;
  }
  try {
    return await act(path, request.body, options.actions);
  } catch (error) {
    const { message, code, answer } = FAILURES[path];
    options.log.error(message, {
      code: codeOf(error) ?? code,
      ...options.about,
      ...describeError(error),
    });
    return answer;
  }
}

async function act(path: ApiPath, body: Uint8Array | null, actions: ApiActions): Promise<string> {
  switch (path) {
    case "/getNewZone":
      return formatFound(actions.makeZone());
    case "/resetKeyStorage":
      await actions.resetKeys();
      return DONE;
    case "/loadAuthData":
      return formatFound(actions.loadAccounts());
    case "/getConfig":
      return formatFound(formatConfig(actions.readConfig()));
    case "/setConfig":
      if (body === null) {
        throw new ConfigChangeError("the body is too large");
      }
      await actions.changeConfig(parseConfigChange(body));
      return DONE;
  }
}

/** What is logged and answered when an endpoint fails. */
interface ApiFailure {
  readonly message: string;
  readonly code: number;
  readonly answer: string;
}

const FAILURES: Readonly<Record<ApiPath, ApiFailure>> = {
  "/getNewZone": {
    message: "Can't generate zone key",
    code: EVENT.zoneNotGenerated,
    answer: NOT_FOUND,
  },
  "/resetKeyStorage": { message: "Can't reset keys", code: EVENT.general, answer: FAILED },
  "/loadAuthData": { message: "Can't load accounts", code: EVENT.general, answer: FAILED },
  "/getConfig": { message: "Can't read settings", code: EVENT.general, answer: FAILED },
  "/setConfig": {
    message: "New settings are refused",
    code: EVENT.argumentsUnreadable,
    answer: FAILED,
  },
};

/** The event code that an error brings along. */
function codeOf(error: unknown): number | null {
  return error instanceof Error && "code" in error && typeof error.code === "number"
    ? error.code
    : null;
}
