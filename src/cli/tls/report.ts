/** What `acra tls check` prints: one verdict for each leg, and what was seen. */

import type { X509Certificate } from "node:crypto";
import type { LegResult } from "../../tls_check/mod.ts";
import type { TlsClientSetup } from "../../transport/mod.ts";
import { toLine } from "../failure.ts";

const DAY_MS = 86_400_000;
const WARNING_DAYS = 30;

/** What is said of one leg. */
export interface LegReport {
  readonly ok: boolean;
  /** What is on the leg: `database tcp://localhost:5432/`. */
  readonly leg: string;
  readonly message: string;
  readonly details: readonly string[];
  readonly hint: string | null;
}

/** The settings to change, by what they are for. */
export interface HintNames {
  /** Who is on the other side, as in "the database". */
  readonly peer: string;
  readonly name: string;
  readonly ca: string;
  readonly identity: string;
  readonly address: string;
  readonly noTls: string;
}

type Refusal = Extract<LegResult, { ok: false }>["refusal"];

/** Text for stdout. */
export function formatReport({ ok, leg, message, details, hint }: LegReport): string {
  const lines = [
    `${ok ? "ok" : "error"}: ${toLine(`${leg}: ${message}`)}`,
    ...details.map((detail) => `  ${toLine(detail)}`),
    ...(hint === null ? [] : [`hint: ${toLine(hint)}`]),
  ];
  return `${lines.join("\n")}\n`;
}

/** What came of a leg to a peer. */
export function describeLeg(
  leg: string,
  result: LegResult,
  setup: TlsClientSetup,
  names: HintNames,
): LegReport {
  if (!result.ok) {
    const { refusal, message } = result;
    return {
      ok: false,
      leg,
      message: `${whoRefuses(refusal, names.peer, setup)}: ${message}`,
      details: [],
      hint: hintFor(refusal, names, setup),
    };
  }
  if (/valid client certificate/.test(result.complaint)) {
    return {
      ok: false,
      leg,
      message: `${names.peer} refuses that we show no certificate: ${result.complaint}`,
      details: [],
      hint: `set ${names.identity}`,
    };
  }
  const { peer, complaint } = result;
  const { certificate } = peer;
  return {
    ok: true,
    leg,
    message: `TLS stands: ${peer.version}, ${peer.cipher}`,
    details: [
      ...(certificate === null ? [] : describeCertificate(certificate)),
      verdictOn(setup),
      setup.hasCertificate
        ? `our certificate: ${names.peer} did not refuse it`
        : "our certificate: none is set",
      ...(complaint === "" ? [] : [`answer to a login as acra_tls_check: ${complaint}`]),
    ],
    hint: certificate === null ? null : warnOfEnd(certificate),
  };
}

function verdictOn({ verification, serverName }: TlsClientSetup): string {
  switch (verification) {
    case "none":
      return "checked: nothing, as the settings say";
    case "authority":
      return "checked: authority and dates, not the name";
    case "authority-and-name":
      return `checked: authority, dates and the name ${serverName}`;
  }
}

/** Which side gives up, by what was refused; what is missing here is no TLS at all. */
const BLAME: Readonly<Partial<Record<Refusal, "us" | "peer" | "both">>> = {
  untrusted: "us",
  expired: "us",
  name: "us",
  "no-certificate": "us",
  rejected: "peer",
  version: "both",
  cipher: "both",
  alpn: "both",
};

function whoRefuses(refusal: Refusal, peer: string, { hasCertificate }: TlsClientSetup): string {
  if (refusal === "unreachable") {
    return "nobody answers there";
  }
  if (refusal === "closed") {
    return `${peer} refuses and does not say why`;
  }
  switch (BLAME[refusal] ?? "nobody") {
    case "us":
      return `we refuse the certificate of ${peer}`;
    case "peer":
      return hasCertificate
        ? `${peer} refuses our certificate`
        : `${peer} refuses that we show no certificate`;
    case "both":
      return `we and ${peer} cannot agree`;
    case "nobody":
      return `${peer} does not speak TLS with us`;
  }
}

function hintFor(refusal: Refusal, names: HintNames, { hasCertificate }: TlsClientSetup): string {
  const { peer, identity } = names;
  const address = `check ${names.address}, and that ${peer} runs`;
  const certificate = hasCertificate
    ? `let ${identity} name a certificate that ${peer} trusts`
    : `set ${identity}: ${peer} may demand a certificate`;
  const hints: Readonly<Partial<Record<Refusal, string>>> = {
    unreachable: address,
    timeout: address,
    untrusted: `name the authority that signed the certificate with ${names.ca}`,
    expired: `give ${peer} a new certificate, or set the clock right`,
    name: `name what the certificate is for with ${names.name}`,
    rejected: certificate,
    closed: certificate,
    version: `let ${peer} allow TLS 1.2 or 1.3`,
    cipher: `let ${peer} allow the usual ciphers of TLS 1.2 or 1.3`,
  };
  return hints[refusal] ?? names.noTls;
}

/** Who a certificate is for, who signed it, and when it is good. */
export function describeCertificate(certificate: X509Certificate): string[] {
  const { subject, subjectAltName, issuer, validFromDate, validToDate } = certificate;
  return [
    `certificate: ${subject || "no subject"}`,
    `names: ${subjectAltName ?? "none"}`,
    `signed by: ${issuer}`,
    `good from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`,
  ];
}

/** A hint when the certificate ends soon. */
export function warnOfEnd({ validToDate }: X509Certificate): string | null {
  const days = Math.floor((validToDate.getTime() - Date.now()) / DAY_MS);
  if (days >= WARNING_DAYS) {
    return null;
  }
  return `the certificate ${days < 0 ? "has ended" : `ends in ${days} days`}: have a new one made`;
}
