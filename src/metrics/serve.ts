/** The listener for scrapes and health checks: three paths, GET only, nothing else to see. */

const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
const PATHS: ReadonlySet<string> = new Set(["/metrics", "/healthz", "/readyz"]);
const PLAIN = "text/plain; charset=utf-8";
/** Time for a request and between two of them, in seconds. */
const IDLE_SECONDS = 30;
/** Nobody has anything to send here. */
const LARGEST_BODY = 1_024;

/** What the three paths answer. */
export interface MetricsEndpoints {
  /** The text of `/metrics`. */
  readonly metrics: () => Promise<string>;
  /** For `/readyz`: one line on what is missing, or `null` when nothing is. */
  readonly findObstacle: () => Promise<string | null>;
}

/** A listener that answers. */
export interface MetricsListener {
  /** Leaves the port and cuts who is connected. */
  close(): void;
}

/**
 * Starts to answer.
 * @throws Error when the address cannot be listened on.
 */
export function serveMetrics(
  address: { readonly host: string; readonly port: number },
  endpoints: MetricsEndpoints,
): MetricsListener {
  const server = Bun.serve({
    hostname: address.host === "" ? "0.0.0.0" : address.host,
    port: address.port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: LARGEST_BODY,
    development: false,
    // Said aloud: otherwise a second process may take the same port and get half of the scrapes.
    reusePort: false,
    fetch: (request) => answer(request, endpoints),
    error: () => plain(500, "internal error"),
  });
  return { close: () => void server.stop(true) };
}

async function answer(request: Request, endpoints: MetricsEndpoints): Promise<Response> {
  // Without a Host, as health checks of HTTP/1.0 send it, the runtime has no more than the path.
  const { pathname } = new URL(request.url, "http://localhost");
  if (!PATHS.has(pathname)) {
    return plain(404, "404 page not found");
  }
  if (request.method !== "GET") {
    return plain(405, "only GET is allowed here");
  }
  if (pathname === "/metrics") {
    return new Response(await endpoints.metrics(), { headers: { "content-type": CONTENT_TYPE } });
  }
  const obstacle = pathname === "/readyz" ? await endpoints.findObstacle() : null;
  return obstacle === null ? plain(200, "ok") : plain(503, obstacle);
}

function plain(status: number, line: string): Response {
  return new Response(`${line}\n`, { status, headers: { "content-type": PLAIN } });
}
