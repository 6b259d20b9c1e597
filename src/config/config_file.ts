/** The configuration file of a command: where it is, what it says (acra-cli.md §3.1, §3.2). */

import { readFileSync } from "node:fs";
import { EVENT } from "../log/mod.ts";
import { ConfigError } from "./config_error.ts";
import { parseYamlSettings, type YamlSettings } from "./yaml_text.ts";

/** `~/x` below the home folder; everything else as it is. */
export function expandHome(path: string, home = process.env["HOME"]): string {
  return path.startsWith("~/") && home !== undefined && home !== ""
    ? `${home.replace(/\/+$/, "")}${path.slice(1)}`
    : path;
}

/** The file that a service reads unless `config_file` names another, in the current folder. */
export function defaultConfigPath(service: string): string {
  return `configs/${service}.yaml`;
}

/**
 * Reads a configuration file, or `content` in its place; `null` when there is none, which is no
 * error.
 * @throws ConfigError when it cannot be read or is not a YAML mapping.
 */
export function readConfigFile(path: string, content?: string): YamlSettings | null {
  const text = content ?? readText(path);
  if (text === null) {
    return null;
  }
  try {
    return parseYamlSettings(text);
  } catch (error) {
    throw new ConfigError(
      `${path}: ${messageOf(error)}`,
      "correct the file; --dump_config shows how one looks",
      { code: EVENT.argumentsUnreadable, cause: error },
    );
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") {
      return null;
    }
    throw new ConfigError(
      `${path}: cannot be read (${code})`,
      "give a readable file with --config_file",
      { code: EVENT.argumentsUnreadable, cause: error },
    );
  }
}

/** The system's name of an error (`EACCES`), else its text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
