/** Installs packages of the distribution where that is possible: as root, with apt-get. */

const COMMAND_TIMEOUT_MS = 300_000;
const OPTIONS = ["-y", "-q", "-o", "Acquire::http::Timeout=15", "-o", "DPkg::Lock::Timeout=60"];

/**
 * Installs packages when this is root on a Debian-like machine.
 * @returns why they were not installed, `null` when they are there.
 */
export async function installDebianPackages(packages: readonly string[]): Promise<string | null> {
  if (packages.length === 0) {
    return null;
  }
  if (Bun.which("apt-get") === null) {
    return "no apt-get on this machine";
  }
  if (process.getuid?.() !== 0) {
    return "only root can install packages";
  }
  console.log(`installing ${packages.join(" ")} with apt-get`);
  const install = ["install", "--no-install-recommends", ...OPTIONS, ...packages];
  const succeeded =
    (await aptGet(install)) || ((await aptGet(["update", "-q"])) && (await aptGet(install)));
  return succeeded ? null : `apt-get could not install ${packages.join(" ")}`;
}

async function aptGet(args: readonly string[]): Promise<boolean> {
  const child = Bun.spawn(["apt-get", ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_MODE: "a" },
    stdio: ["ignore", "ignore", "ignore"],
    timeout: COMMAND_TIMEOUT_MS,
  });
  return (await child.exited) === 0;
}
