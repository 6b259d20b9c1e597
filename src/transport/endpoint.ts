/** Addresses as the settings write them: connection strings (acra-formats.md §5.1, acra-cli.md §5.1). */

/** Where to listen or to connect. */
export type Endpoint =
  | {
      readonly kind: "tcp";
      /** A name, an IPv4 or an IPv6 address without brackets; empty means all addresses. */
      readonly host: string;
      readonly port: number;
    }
  | { readonly kind: "unix"; readonly path: string };

/** A connection string cannot be understood; the message says why and repeats the string. */
export class EndpointError extends Error {
  override readonly name = "EndpointError";
}

const TCP_SCHEMES: ReadonlySet<string> = new Set(["tcp", "grpc", "http"]);
const HIGHEST_PORT = 65_535;

/**
 * Reads `tcp://HOST:PORT/`, `grpc://…`, `http://…` (both mean TCP) or `unix:///PATH`. A path behind
 * a TCP address is ignored.
 * @throws EndpointError when the string is anything else.
 */
export function parseEndpoint(text: string): Endpoint {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text);
  const scheme = match?.[1]?.toLowerCase();
  const rest = match?.[2];
  if (scheme === undefined || rest === undefined) {
    throw refusal(text, "it must look like tcp://HOST:PORT/ or unix:///PATH");
  }
  if (scheme === "unix") {
    return { kind: "unix", path: parseSocketPath(text, rest) };
  }
  if (!TCP_SCHEMES.has(scheme)) {
    throw refusal(text, `unknown scheme ${scheme}, known are tcp, grpc, http and unix`);
  }
  return parseAuthority(text, rest.replace(/[/?#].*$/s, ""));
}

/** The connection string of an endpoint: `tcp://HOST:PORT/`, with brackets around IPv6, or `unix:///PATH`. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === "unix"
    ? `unix://${encodeURI(endpoint.path).replace(/[?#]/g, encodeURIComponent)}`
    : `tcp://${formatHostAndPort(endpoint.host, endpoint.port)}/`;
}

/** `HOST:PORT`, with brackets around IPv6. */
export function formatHostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseSocketPath(text: string, rest: string): string {
  const encoded = rest.replace(/[?#].*$/s, "");
  if (!encoded.startsWith("/")) {
    throw refusal(text, "a unix socket needs an absolute path, as in unix:///run/acra.sock");
  }
  let path: string;
  try {
    path = decodeURIComponent(encoded);
  } catch {
    throw refusal(text, "broken percent escape in the path");
  }
  if (path.includes("\0") || path.endsWith("/")) {
    throw refusal(text, "the path does not name a file");
  }
  return path;
}

function parseAuthority(text: string, authority: string): Endpoint {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(authority);
  if (match === null) {
    throw refusal(text, reasonFor(authority));
  }
  const host = match[1] ?? match[2] ?? "";
  const port = match[3] ?? "";
  if (match[1] !== undefined && !/^[0-9a-f:.]+(%[\w.-]+)?$/i.test(host)) {
    throw refusal(text, "brackets must hold an IPv6 address");
  }
  if (/[\s@%]/.test(match[2] ?? "")) {
    throw refusal(text, "the host has a character that no host name has");
  }
  if (!/^[0-9]{1,5}$/.test(port) || Number(port) > HIGHEST_PORT) {
    throw refusal(text, `the port must be a number up to ${HIGHEST_PORT}`);
  }
  return { kind: "tcp", host, port: Number(port) };
}

function reasonFor(authority: string): string {
  return authority.includes(":")
    ? "an IPv6 address needs brackets, as in tcp://[::1]:9393/"
    : "the port is missing";
}

function refusal(text: string, reason: string): EndpointError {
  return new EndpointError(`Cannot use connection string "${text}": ${reason}`);
}
