/** Whether a program can listen where it is to, or listens there already. */

import { dial, type Endpoint, formatEndpoint, listen } from "../transport/mod.ts";
import { type CheckReport, errorAt, type Finding, warningAt } from "./finding.ts";
import { findListener, isProgram, type ListeningProcess } from "./listening_process.ts";

const TIMEOUT_MS = 2_000;

/** Where which program is to listen. */
export interface ListenerToCheck {
  readonly endpoint: Endpoint;
  /** `server` or `connector`. */
  readonly program: string;
  /** The setting that names the address. */
  readonly setting: string;
  /** It is a finding when nobody listens. */
  readonly mustRun: boolean;
}

/** Looks who listens there; when nobody does, tries for a moment whether one could. */
export async function checkListener(options: ListenerToCheck): Promise<CheckReport> {
  const { endpoint, program, mustRun } = options;
  const check = "listening";
  const place = formatEndpoint(endpoint);
  if (endpoint.kind === "unix") {
    return { check, ...(await checkSocketFile(endpoint, options)) };
  }
  const listener = findListener(endpoint.port);
  if (listener !== null) {
    return isProgram(listener, program)
      ? {
          check,
          facts: [`acra ${program} listens on ${place} (process ${listener.pid})`],
          findings: [],
        }
      : { check, facts: [], findings: [occupied(place, listener, options)] };
  }
  const obstacle = await findObstacle(endpoint);
  if (obstacle !== null) {
    return { check, facts: [], findings: [errorAt(place, ...explain(obstacle, options))] };
  }
  return mustRun
    ? { check, facts: [], findings: [notRunning(place, options)] }
    : { check, facts: [`${place} is free; acra ${program} does not run now`], findings: [] };
}

function occupied(place: string, listener: ListeningProcess, options: ListenerToCheck): Finding {
  const { program, setting } = options;
  if (listener.pid === null) {
    return warningAt(
      place,
      `somebody listens there, and this user cannot see who: acra ${program} itself, or what is in its way`,
      `run this as root or as the user of acra ${program}, or look with \`ss -ltnp\``,
    );
  }
  const [name = "a process"] = listener.words;
  return errorAt(
    place,
    `the port is in use by ${name} (process ${listener.pid}), which is not acra ${program}`,
    `stop that process, or choose another address with --${setting}`,
  );
}

function notRunning(place: string, { program }: ListenerToCheck): Finding {
  return errorAt(
    place,
    `nobody listens there: acra ${program} does not run`,
    `start it, and read its log: \`systemctl status acra-${program}\`, \`journalctl -u acra-${program}\``,
  );
}

/** The code of what keeps us from listening; `null` when nothing does. */
async function findObstacle(endpoint: Endpoint): Promise<string | null> {
  try {
    const listener = await listen(endpoint, {
      accepted: (connection) => connection.abort(),
      failed: () => {},
    });
    listener.close();
    return null;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : null;
    return cause instanceof Error && "code" in cause ? String(cause.code) : String(error);
  }
}

function explain(code: string, { setting }: ListenerToCheck): [what: string, fix: string] {
  switch (code) {
    case "EADDRINUSE":
      return [
        "the port is in use by another program",
        `find it with \`ss -ltnp\` and stop it, or choose another address with --${setting}`,
      ];
    case "EACCES":
      return [
        "this user may not listen on that port",
        `choose a port from 1024 on with --${setting}`,
      ];
    default:
      return [
        `it is not possible to listen there (${code})`,
        `name an address of this machine with --${setting}; 0.0.0.0 means all`,
      ];
  }
}

async function checkSocketFile(
  endpoint: Endpoint,
  options: ListenerToCheck,
): Promise<Omit<CheckReport, "check">> {
  const place = formatEndpoint(endpoint);
  try {
    (await dial(endpoint, { timeoutMs: TIMEOUT_MS })).abort();
    return { facts: [`somebody listens on ${place}`], findings: [] };
  } catch {
    return options.mustRun
      ? { facts: [], findings: [notRunning(place, options)] }
      : { facts: [`nobody listens on ${place} now`], findings: [] };
  }
}
