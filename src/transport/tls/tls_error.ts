/** Why TLS could not be set up, or broke, in plain words for log lines and for `acra tls check`. */

/**
 * - `closed`: the peer went away in the middle of the handshake.
 * - `timeout`: the peer was too slow.
 * - `not-tls`: the peer does not speak TLS.
 * - `version`, `cipher`, `alpn`: the two have no version, cipher or protocol in common.
 * - `untrusted`, `expired`, `name`: we refuse the peer's certificate.
 * - `no-certificate`: the peer showed no certificate and has to.
 * - `no-identity`: the certificate names nobody who could be a client id.
 * - `rejected`: the peer refuses our certificate, or that we have none.
 * - `failed`: anything else.
 */
export type TlsFailure =
  | "closed"
  | "timeout"
  | "not-tls"
  | "version"
  | "cipher"
  | "alpn"
  | "untrusted"
  | "expired"
  | "name"
  | "no-certificate"
  | "no-identity"
  | "rejected"
  | "failed";

const MESSAGES: Readonly<Record<TlsFailure, string>> = {
  closed: "the peer closed the connection",
  timeout: "the peer was too slow",
  "not-tls": "the peer does not speak TLS",
  version: "the two sides have no TLS version in common (1.2 and 1.3 are allowed here)",
  cipher: "the two sides have no cipher in common",
  alpn: "the two sides have no application protocol (ALPN) in common",
  untrusted: "the peer's certificate is not signed by an authority that is trusted here",
  expired: "the peer's certificate is not valid at this time",
  name: "the peer's certificate is for another name",
  "no-certificate": "the peer showed no certificate",
  "no-identity": "the peer's certificate gives no client id",
  rejected: "the peer refuses our certificate, or that we showed none",
  failed: "the handshake failed",
};

/** TLS could not be set up, or broke later; the connection is closed. */
export class TlsError extends Error {
  override readonly name = "TlsError";
  readonly reason: TlsFailure;

  /** `detail` is what the library or the peer said. */
  constructor(reason: TlsFailure, detail = "", options: ErrorOptions = {}) {
    super(`TLS: ${MESSAGES[reason]}${detail === "" ? "" : ` (${detail})`}`, options);
    this.reason = reason;
  }
}

/** What the library's codes mean; the first pattern that matches decides. */
const PATTERNS: readonly (readonly [RegExp, TlsFailure])[] = [
  [
    /WRONG_VERSION_NUMBER|HTTP_REQUEST|HTTPS_PROXY_REQUEST|INVALID_OUTER|UNEXPECTED_MESSAGE/,
    "not-tls",
  ],
  [/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|WRONG_SSL_VERSION|NO_SUPPORTED_VERSIONS/, "version"],
  [/APPLICATION_PROTOCOL/, "alpn"],
  [/DID_NOT_RETURN_A_CERTIFICATE/, "no-certificate"],
  [
    /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|ACCESS_DENIED|DECRYPT_ERROR)/,
    "rejected",
  ],
  [/NO_SHARED_CIPHER|ALERT_HANDSHAKE_FAILURE|NO_SHARED_GROUP|NO_CIPHERS/, "cipher"],
  [/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/, "expired"],
  [/ALTNAME_INVALID|HOSTNAME_MISMATCH/, "name"],
  [
    /SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET|VERIFY)|CERTIFICATE_VERIFY_FAILED|CERT_SIGNATURE|CERT_UNTRUSTED|INVALID_CA|INVALID_PURPOSE/,
    "untrusted",
  ],
  [/ECONNRESET|EPIPE|SOCKET_CLOSED/, "closed"],
];

/** The class of an error of the library. */
export function toTlsError(cause: unknown): TlsError {
  if (cause instanceof TlsError) {
    return cause;
  }
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  const text = `${code} ${message}`;
  const reason = PATTERNS.find(([pattern]) => pattern.test(text))?.[1] ?? "failed";
  return new TlsError(reason, shorten(code, message), { cause });
}

/** The error's own word: `error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_…` ends in it. */
function shorten(code: string, message: string): string {
  const word = /OPENSSL_internal:([A-Z0-9_]+)$/.exec(message)?.[1];
  return (word ?? (code === "" ? message : code)).slice(0, 100);
}
