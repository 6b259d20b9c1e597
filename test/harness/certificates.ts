/** X.509 certificates for tests: an authority of a test's own, and what it signs, all throw-away. */

import "reflect-metadata";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY_MS = 86_400_000;

/** A certificate and its private key, both as PEM text. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate is to say. */
export interface CertificateOptions {
  /** Distinguished name, as in `CN=app,O=Test`. */
  readonly name: string;
  /** Names and addresses that it is good for; `localhost` and 127.0.0.1 unless given. */
  readonly dns?: readonly string[];
  readonly ip?: readonly string[];
  /** Days from now until it ends; a negative number has ended. */
  readonly days?: number;
  /** Serial number in hexadecimal; random unless given. */
  readonly serial?: string;
}

/** Files of a certificate. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Something that signs certificates. */
export class TestAuthority {
  /** PEM text. */
  readonly cert: string;
  readonly #certificate: X509Certificate;
  readonly #keys: CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: CryptoKeyPair) {
    this.cert = certificate.toString("pem");
    this.#certificate = certificate;
    this.#keys = keys;
  }

  /** Makes an authority. */
  static async create(name = "CN=Test authority"): Promise<TestAuthority> {
    const keys = await generateKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: randomSerial(),
      name,
      ...validity(30),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ],
    });
    return new TestAuthority(certificate, keys);
  }

  /** Signs a certificate for a new key. */
  async issue(options: CertificateOptions): Promise<TestCertificate> {
    const { name, dns = ["localhost"], ip = ["127.0.0.1"], days = 30, serial } = options;
    const keys = await generateKeys();
    const names = [
      ...dns.map((value) => ({ type: "dns" as const, value })),
      ...ip.map((value) => ({ type: "ip" as const, value })),
    ];
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serial ?? randomSerial(),
      subject: name,
      issuer: this.#certificate.subject,
      ...validity(days),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
    });
    return { cert: certificate.toString("pem"), key: await exportKey(keys.privateKey) };
  }
}

/** Writes `NAME.pem` and `NAME.key` into a folder. */
export function writeCertificate(
  folder: string,
  name: string,
  { cert, key }: TestCertificate,
): CertificateFiles {
  const files = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as CryptoKeyPair;
}

async function exportKey(key: CryptoKey): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
  const lines = bytes.toBase64().match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PRIVATE KEY-----", ...lines, "-----END PRIVATE KEY-----", ""].join("\n");
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const end = Date.now() + days * DAY_MS;
  return { notBefore: new Date(Math.min(Date.now(), end) - DAY_MS), notAfter: new Date(end) };
}

function randomSerial(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex().replace(/^./, "1");
}
