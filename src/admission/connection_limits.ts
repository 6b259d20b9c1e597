/**
 * How many connections fit into the files that a process may have open. A process that uses up its
 * last descriptor can accept nobody, read no key and reach no database, and burns a core while it tries.
 */

/** Descriptors of one session: the client's leg and the leg to the other side. */
const PER_SESSION = 2;
/** For what the program has open by itself: listeners, log, the runtime's own. */
const BASE_RESERVE = 32;
/** For each further thread: its listener, its event loop. */
const RESERVE_PER_THREAD = 4;
/** A further part of all descriptors for key files and scrapes of metrics. */
const RESERVED_PART = 1 / 32;
/** The part of the sessions for which there are places beyond the limit, at most so many. */
const WAITING_PART = 1 / 8;
const SMALLEST_WAITING = 4;
const LARGEST_WAITING = 256;
/** The part of all descriptors that connections to the HTTP API may take, one each: many, for a slow one lives 10 s. */
const API_PART = 1 / 16;
const SMALLEST_API = 4;
const LARGEST_API = 4_096;

/** How many may be there at once. */
export interface ConnectionLimits {
  /** Sessions with the database. */
  readonly sessions: number;
  /** All connections for the database protocol: sessions, cancels, and who waits to hear that it is full. */
  readonly connections: number;
  /** Connections to the HTTP API. */
  readonly api: number;
  /** Whether more was asked for than there are descriptors for. */
  readonly reduced: boolean;
}

/**
 * Divides the files that may be open; `openFiles` is `null` when nothing limits them.
 * `asked` is the number of sessions that the operator wants, 0 for as many as there is room for.
 */
export function planConnections(
  openFiles: number | null,
  asked: number,
  threads = 1,
): ConnectionLimits {
  const wanted = asked === 0 ? Number.POSITIVE_INFINITY : asked;
  if (openFiles === null) {
    const connections = wanted + LARGEST_WAITING;
    return { sessions: wanted, connections, api: LARGEST_API, reduced: false };
  }
  const api = clamp(Math.floor(openFiles * API_PART), SMALLEST_API, LARGEST_API);
  const own = BASE_RESERVE + (threads - 1) * RESERVE_PER_THREAD;
  const reserve = own + Math.floor(openFiles * RESERVED_PART) + api;
  const room = Math.floor((openFiles - reserve) / PER_SESSION);
  const waiting = clamp(Math.floor(room * WAITING_PART), SMALLEST_WAITING, LARGEST_WAITING);
  const largest = Math.max(room - waiting, 1);
  const sessions = Math.min(wanted, largest);
  return {
    sessions,
    connections: sessions + waiting,
    api,
    reduced: asked > largest,
  };
}

function clamp(value: number, lowest: number, highest: number): number {
  return Math.min(Math.max(value, lowest), highest);
}
