/** Reaching another machine, and the words for it when that fails. */

import { type Connection, dial, type Endpoint, formatEndpoint } from "../transport/mod.ts";
import { errorAt, type Finding } from "./finding.ts";

const TIMEOUT_MS = 5_000;

/** Whom to reach, and which settings name it. */
export interface PeerToReach {
  readonly endpoint: Endpoint;
  /** As in "the database". */
  readonly name: string;
  readonly hostSetting: string;
  readonly portSetting: string;
  /** What to look at where it should listen, as a sentence's end. */
  readonly advice: string;
}

/** A connection, which the caller aborts, or the finding. */
export async function reach(peer: PeerToReach): Promise<Connection | Finding> {
  try {
    return await dial(peer.endpoint, { timeoutMs: TIMEOUT_MS });
  } catch (error) {
    const cause = error instanceof Error ? error.cause : null;
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    return errorAt(formatEndpoint(peer.endpoint), ...explain(code, error, peer));
  }
}

/** Whether it is a finding and no connection. */
export function isFinding(result: Connection | Finding): result is Finding {
  return "severity" in result;
}

function explain(code: string, error: unknown, peer: PeerToReach): [what: string, fix: string] {
  const { endpoint, name, hostSetting, portSetting, advice } = peer;
  const host = endpoint.kind === "tcp" ? endpoint.host : endpoint.path;
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "DNS_ENOTFOUND":
      return [
        `no machine is called ${host}`,
        `correct --${hostSetting}; \`getent hosts ${host}\` shows what this machine knows of a name`,
      ];
    case "ECONNREFUSED":
      return [
        `the machine answers and nobody listens there: ${name} does not run, or has another port`,
        `check --${hostSetting} and --${portSetting}, and that ${advice}`,
      ];
    case "ENOENT":
      return [`there is no such socket: ${name} does not run`, `start ${name}`];
    default:
      return [
        `${name} cannot be reached: ${code === "" ? "no answer in time" : messageOf(error)}`,
        `check --${hostSetting}, and that no firewall is between this machine and ${name}`,
      ];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
