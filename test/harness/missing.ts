/** Looks for what some tests need of the machine. */

/** Why something is missing, or `null` when it is there. */
export type Missing = string | null;

/** What only Linux has: modes that are checked, the kernel's tables. */
export const missingLinux: Missing = process.platform === "linux" ? null : "needs Linux";

/** Files can be given to other users by root only. */
export const missingRoot: Missing =
  process.getuid?.() === 0 ? null : "needs root, to give files to another user";

/** Looks for a program that answers `--version`, or whatever asks it for its version. */
export function missingProgram(name: string, question = "--version"): Missing {
  const path = Bun.which(name);
  if (path === null) {
    return `no program ${name} on PATH`;
  }
  const answer = Bun.spawnSync([path, question], { stdio: ["ignore", "ignore", "ignore"] });
  return answer.success ? null : `${name} ${question} fails`;
}

/** The Python whose modules come from the distribution's packages, or an empty string. */
export const PYTHON = Bun.which("python3", { PATH: `/usr/bin:${process.env["PATH"] ?? ""}` }) ?? "";

/** Looks for a module of Python. */
export function missingPythonModule(name: string): Missing {
  if (PYTHON === "") {
    return "no python3 on PATH";
  }
  const answer = Bun.spawnSync([PYTHON, "-c", `import ${name}`], {
    stdio: ["ignore", "ignore", "ignore"],
  });
  return answer.success ? null : `python3 has no module ${name}`;
}
