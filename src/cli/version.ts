/** The version of the program: stamped by the build, else that of package.json. */

declare const ACRA_VERSION: string | undefined;

/** As in `acra version`: `0.82.0`, after a build in a clone `0.82.0+1a2b3c4d5e6f`. */
export async function readVersion(): Promise<string> {
  if (typeof ACRA_VERSION === "string") {
    return ACRA_VERSION;
  }
  const manifest = Bun.file(new URL("../../package.json", import.meta.url));
  const { version } = (await manifest.json()) as { version: string };
  return version;
}

/** The part of a version that log lines carry: the release without the commit. */
export function releaseOf(version: string): string {
  return version.split("+")[0] ?? version;
}
