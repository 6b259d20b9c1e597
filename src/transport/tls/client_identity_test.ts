/** Client ids out of certificates. */

import { describe, expect, test } from "bun:test";
import { createHash, X509Certificate } from "node:crypto";
import { authority } from "../../../test/harness/tls_pairs.ts";
import { formatDistinguishedName, readClientId } from "./client_identity.ts";

const sha512 = (bytes: Uint8Array | string) => createHash("sha512").update(bytes).digest("hex");

describe("readClientId", () => {
  test("hashes the distinguished name with its last part first", async () => {
    const { cert } = await authority.issue({ name: "C=GB,O=Example,CN=app" });
    const id = readClientId(new X509Certificate(cert), "distinguished_name");
    expect(id).toBe(sha512("CN=app,O=Example,C=GB"));
  });

  test("hashes the serial number as bytes", async () => {
    const { cert } = await authority.issue({ name: "CN=app", serial: "0123456789abcdef01" });
    const id = readClientId(new X509Certificate(cert), "serial_number");
    expect(id).toBe(sha512(Buffer.from("0123456789abcdef01", "hex")));
    expect(readClientId({ subject: "", serialNumber: "00" }, "serial_number")).toBe(
      sha512(Uint8Array.of(0)),
    );
  });

  test("gives different certificates different ids, and none to nobody", async () => {
    const certificates = await Promise.all(
      ["CN=a", "CN=b", "CN=a,O=x"].map((name) => authority.issue({ name })),
    );
    const ids = certificates.map(({ cert }) =>
      readClientId(new X509Certificate(cert), "distinguished_name"),
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids[0]).toMatch(/^[0-9a-f]{128}$/);
    expect(readClientId({ subject: "", serialNumber: "01" }, "distinguished_name")).toBeNull();
  });
});

test("formatDistinguishedName writes names of several values and of other spelling", () => {
  expect(formatDistinguishedName("O=A\\, Inc\nserialNumber=7 + CN=x\npostalCode=1")).toBe(
    "POSTALCODE=1,SERIALNUMBER=7+CN=x,O=A\\, Inc",
  );
});
