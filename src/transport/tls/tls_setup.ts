/**
 * TLS as the settings ask for it (acra-formats.md §5.4), prepared once and used for every handshake.
 * Versions below 1.2 are not spoken.
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import {
  createSecureContext,
  getCACertificates,
  rootCertificates,
  type SecureContext,
} from "node:tls";
import { TlsError } from "./tls_error.ts";

/** A certificate, with those of intermediate authorities behind it, and its key: PEM texts. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** What a side shows and whom it trusts. */
export interface TlsMaterial {
  /** `null`: no certificate is shown; a server needs one. */
  readonly identity: TlsIdentity | null;
  /** PEM text with the only authorities that are trusted; `null`: those of the system. */
  readonly ca: string | null;
}

/**
 * What a server demands of its peers: the values 0 … 4 of `tls_auth` in their order
 * (acra-cli.md §5.4).
 */
export const CLIENT_CERTIFICATE_POLICIES = [
  "none",
  "request",
  "require-any",
  "verify-if-given",
  "require-and-verify",
] as const;

/** One of {@link CLIENT_CERTIFICATE_POLICIES}. */
export type ClientCertificatePolicy = (typeof CLIENT_CERTIFICATE_POLICIES)[number];

/** TLS towards those who connect to us. */
export interface TlsServerSetup {
  readonly context: SecureContext;
  readonly clientCertificates: ClientCertificatePolicy;
  /** DER of the certificate that is shown. */
  readonly certificate: Uint8Array;
}

/** How far a client looks at the certificate of the server. */
export type ServerVerification = "none" | "authority" | "authority-and-name";

/** TLS towards a server that we connect to. */
export interface TlsClientSetup {
  readonly context: SecureContext;
  readonly verification: ServerVerification;
  /** Name or address that the certificate has to be good for. */
  readonly serverName: string;
  /** Whether a certificate of ours is shown when asked for. */
  readonly hasCertificate: boolean;
}

/** A certificate, key or list of authorities that cannot be used; `part` says which. */
export class TlsMaterialError extends Error {
  override readonly name = "TlsMaterialError";
  readonly part: "cert" | "key" | "ca";

  constructor(part: TlsMaterialError["part"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.part = part;
  }
}

/**
 * Prepares the side that is connected to.
 * @throws TlsMaterialError when certificate, key or authorities cannot be used.
 */
export function createTlsServerSetup(
  material: TlsMaterial & { readonly identity: TlsIdentity },
  clientCertificates: ClientCertificatePolicy,
): TlsServerSetup {
  const certificate = checkMaterial(material);
  if (certificate === null) {
    throw new TypeError("A server needs a certificate");
  }
  return { context: createContext(material), clientCertificates, certificate };
}

/**
 * Prepares the side that connects.
 * @throws TlsMaterialError as {@link createTlsServerSetup}.
 */
export function createTlsClientSetup(
  material: TlsMaterial,
  verification: ServerVerification,
  serverName: string,
): TlsClientSetup {
  checkMaterial(material);
  const needsNoCheck = material.identity === null && material.ca === null;
  let context = needsNoCheck ? null : createContext(material);
  return {
    // The authorities of the system take 30 ms and 3 MB, and a server that speaks no TLS needs none.
    get context() {
      context ??= createContext(material);
      return context;
    },
    verification,
    serverName,
    hasCertificate: material.identity !== null,
  };
}

function createContext({ identity, ca }: TlsMaterial): SecureContext {
  try {
    return createSecureContext({
      ...(identity ?? {}),
      ca: ca === null ? systemAuthorities() : [ca],
      minVersion: "TLSv1.2",
    });
  } catch (cause) {
    throw new TlsMaterialError("cert", `cannot be used: ${messageOf(cause)}`, { cause });
  }
}

/** Those that the system trusts, or those that the runtime brings where the system has none. */
function systemAuthorities(): readonly string[] & string[] {
  const system = getCACertificates("system");
  return system.length > 0 ? system : [...rootCertificates];
}

/** Answers the DER of the own certificate. */
function checkMaterial({ identity, ca }: TlsMaterial): Uint8Array | null {
  if (ca !== null) {
    readCertificates("ca", ca);
  }
  if (identity === null) {
    return null;
  }
  const [leaf] = readCertificates("cert", identity.cert);
  const key = readKey(identity.key);
  if (leaf === undefined || !leaf.checkPrivateKey(key)) {
    throw new TlsMaterialError("key", "is not the key of the certificate");
  }
  return new Uint8Array(leaf.raw);
}

function readCertificates(part: "cert" | "ca", text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new TlsMaterialError(part, "holds no certificate in PEM form");
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new TlsMaterialError(part, "holds a damaged certificate", { cause });
  }
}

function readKey(text: string) {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const encrypted = /ENCRYPTED/.test(text);
    const message = encrypted
      ? "is protected by a passphrase, which nobody could enter at a start"
      : "holds no private key in PEM form";
    throw new TlsMaterialError("key", message, { cause });
  }
}

/**
 * Looks at a server's certificate as far as the setup asks for; `authorizationError` is the verdict
 * of the library on its authority.
 * @throws TlsError when it is not good enough.
 */
export function verifyServer(
  { verification, serverName }: TlsClientSetup,
  certificate: X509Certificate | null,
  trusted: boolean,
  complaint: TlsError | null,
): void {
  if (verification === "none") {
    return;
  }
  if (certificate === null) {
    throw new TlsError("no-certificate");
  }
  if (!trusted) {
    throw complaint ?? new TlsError("untrusted");
  }
  if (verification === "authority-and-name" && !isGoodFor(certificate, serverName)) {
    throw new TlsError("name", `expected ${serverName}, it has ${namesOf(certificate)}`);
  }
}

function isGoodFor(certificate: X509Certificate, name: string): boolean {
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  return found !== undefined;
}

function namesOf(certificate: X509Certificate): string {
  return (certificate.subjectAltName ?? certificate.subject).replaceAll("\n", ", ").slice(0, 200);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
