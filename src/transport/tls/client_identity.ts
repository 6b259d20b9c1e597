/**
 * Client ids out of certificates, as later versions of Acra make them (acra-formats.md §10): the
 * SHA-512 of the subject's distinguished name, or of the serial number, in lower-case hexadecimal.
 */

import { createHash, type X509Certificate } from "node:crypto";

/** What of a certificate makes the id. */
export const CERTIFICATE_IDENTIFIERS = ["distinguished_name", "serial_number"] as const;

/** One of {@link CERTIFICATE_IDENTIFIERS}. */
export type CertificateIdentifier = (typeof CERTIFICATE_IDENTIFIERS)[number];

/** Attribute names where the text form of RFC 2253 writes them otherwise than the library. */
const ATTRIBUTE_NAMES: ReadonlyMap<string, string> = new Map([
  ["serialNumber", "SERIALNUMBER"],
  ["street", "STREET"],
  ["postalCode", "POSTALCODE"],
]);

/** The client id of 128 characters, or `null` when the certificate has an empty subject. */
export function readClientId(
  certificate: Pick<X509Certificate, "subject" | "serialNumber">,
  identifier: CertificateIdentifier,
): string | null {
  if (identifier === "serial_number") {
    const digits = certificate.serialNumber.replace(/^(00)+(?=..)/, "");
    return hash(Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex"));
  }
  const name = formatDistinguishedName(certificate.subject);
  return name === "" ? null : hash(Buffer.from(name, "utf8"));
}

/** The text form of RFC 2253: the last part first, as in `CN=app,O=Example`. */
export function formatDistinguishedName(subject: string | undefined): string {
  return (subject ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .toReversed()
    .map((line) =>
      line
        .split(" + ")
        .map((part) => part.replace(/^[^=]+/, (name) => ATTRIBUTE_NAMES.get(name) ?? name))
        .join("+"),
    )
    .join(",");
}

function hash(bytes: Uint8Array): string {
  return createHash("sha512").update(bytes).digest("hex");
}
