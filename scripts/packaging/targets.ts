/**
 * The platforms of a release. Each has a runtime of Bun of its own, an npm package that is pinned by its
 * integrity here, as bun.lock pins the packages that are bundled.
 */

import packageJson from "../../package.json" with { type: "json" };

/** A platform that a binary is made for. */
export interface ReleaseTarget {
  /** As in the names of files: `linux-x64`. */
  readonly name: string;
  /** As `Bun.build` names it. */
  readonly bunTarget: string;
  readonly runtimePackage: string;
  /** Of that package's archive, as the registry and lock files write it. */
  readonly integrity: string;
  /** Path of the executable in the archive. */
  readonly runtimePath: string;
  /** Name of the compiled executable; it is part of what is compiled. */
  readonly executable: "acra" | "acra.exe";
  /** How Debian names the processor, where a package is made. */
  readonly debianArchitecture?: "amd64" | "arm64";
}

/** The runtime's version: that of package.json, which the launchers install. */
export const RUNTIME_VERSION = packageJson.packageManager.replace(/^bun@/, "");

/** All of them are for version 1.4.5; another version needs other integrities. */
export const RELEASE_TARGETS: readonly ReleaseTarget[] = [
  {
    ...unixTarget("linux-x64", "linux-x64"),
    integrity:
      "sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
    debianArchitecture: "amd64",
  },
  {
    ...unixTarget("linux-arm64", "linux-aarch64"),
    integrity:
      "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
    debianArchitecture: "arm64",
  },
  {
    ...unixTarget("linux-x64-musl", "linux-x64-musl"),
    integrity:
      "sha512-10QoW/YfTgnURaGEaHpJCiXjLI2e5iTtfVDaA5JKcyUzaa1cq6cVUY9/Uq5XkYzvtRjHLRe9Oj/lTDIQcxy8HQ==",
  },
  {
    ...unixTarget("linux-arm64-musl", "linux-aarch64-musl"),
    integrity:
      "sha512-XCNc+WvvMAdNNb+OWTogpy+N9wm62fkVeEVLb6how0RZhW5LPi6c7BlkeVCuWps7XjEl2saFpHFa20/1E+PAHg==",
  },
  {
    ...unixTarget("darwin-x64", "darwin-x64"),
    integrity:
      "sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==",
  },
  {
    ...unixTarget("darwin-arm64", "darwin-aarch64"),
    integrity:
      "sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==",
  },
  {
    ...unixTarget("windows-x64", "windows-x64"),
    integrity:
      "sha512-FNvply651vcE/GHgNWz6mZvhmkwBuu8Hw54oNzA+CQog+HW+542rXQmZqNHRkFxazD9L3xi+iTtvO3engAgJfw==",
    runtimePath: "package/bin/bun.exe",
    executable: "acra.exe",
  },
];

function unixTarget(name: string, runtime: string): Omit<ReleaseTarget, "integrity"> {
  return {
    name,
    bunTarget: `bun-${name}`,
    runtimePackage: `@oven/bun-${runtime}`,
    runtimePath: "package/bin/bun",
    executable: "acra",
  };
}

/** The target that runs on this machine, `undefined` when no release is made for it. */
export function nativeTarget(): ReleaseTarget | undefined {
  return RELEASE_TARGETS.find(({ name }) => name === `${process.platform}-${process.arch}`);
}
