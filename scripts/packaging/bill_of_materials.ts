/**
 * The bill of materials of a binary, as CycloneDX 1.6: npm packages out of bun.lock, and the runtime with
 * what it says that it links. Nothing in it depends on when or where it is made.
 */

import type { BundledPackage } from "./bundled_packages.ts";
import { type ReleaseTarget, RUNTIME_VERSION } from "./targets.ts";

/** A binary to describe. */
export interface DescribedBinary {
  readonly file: string;
  readonly sha256: string;
  /** Full version, with the commit. */
  readonly version: string;
  readonly target: ReleaseTarget;
  readonly packages: readonly BundledPackage[];
  /** Seconds since 1970: when the sources were committed. */
  readonly sourceDate: number;
}

/** Versions the runtime reports that are no libraries inside of it. */
const NOT_LINKED: ReadonlySet<string> = new Set([
  "bun",
  "node",
  "openssl",
  "modules",
  "napi",
  "unicode",
  "typescript",
  "v8",
]);

/** The document as text. */
export function formatBillOfMaterials(binary: DescribedBinary): string {
  const { file, sha256, version, target, packages, sourceDate } = binary;
  const root = `pkg:generic/acra@${encodeURIComponent(version)}?file_name=${file}`;
  const runtime = describeRuntime(target);
  const components = [...packages.map(describePackage), runtime];
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${toUuid(sha256)}`,
    version: 1,
    metadata: {
      timestamp: new Date(sourceDate * 1_000).toISOString(),
      component: {
        type: "application",
        "bom-ref": root,
        name: "acra",
        version,
        purl: root,
        licenses: [{ license: { id: "Apache-2.0" } }],
        hashes: [{ alg: "SHA-256", content: sha256 }],
      },
    },
    components,
    dependencies: [
      { ref: root, dependsOn: components.map((one) => one["bom-ref"]) },
      ...components.map((one) => ({ ref: one["bom-ref"] })),
    ],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function describePackage({ name, version, integrity, license }: BundledPackage) {
  const purl = npmUrl(name, version);
  return {
    type: "library",
    "bom-ref": purl,
    name,
    version,
    purl,
    licenses: [{ license: { id: license } }],
    hashes: [toHash(integrity)],
  };
}

function describeRuntime({ runtimePackage, integrity }: ReleaseTarget) {
  const purl = npmUrl(runtimePackage, RUNTIME_VERSION);
  return {
    type: "platform",
    "bom-ref": purl,
    name: runtimePackage,
    version: RUNTIME_VERSION,
    purl,
    licenses: [{ license: { id: "MIT" } }],
    hashes: [toHash(integrity)],
    components: Object.entries(process.versions)
      .filter(([name]) => !NOT_LINKED.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, version]) => ({
        type: "library",
        "bom-ref": `${purl}#${name}`,
        name,
        version: version ?? "",
      })),
  };
}

function npmUrl(name: string, version: string): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

function toHash(integrity: string) {
  const bytes = Buffer.from(integrity.replace(/^sha512-/, ""), "base64");
  return { alg: "SHA-512", content: bytes.toString("hex") };
}

/** A UUID of version 8, whose bits are ours to choose: those of the binary's hash. */
function toUuid(sha256: string): string {
  const hex = `${sha256.slice(0, 12)}8${sha256.slice(13, 16)}8${sha256.slice(17, 32)}`;
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
