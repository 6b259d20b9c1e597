/** Compose files as plain objects: variables replaced, anchors merged. */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";

/** Folder of the compose files. */
export const COMPOSE_FOLDER = resolve(import.meta.dir, "..", "..", "examples/deploy/compose");
/** The files that the guide walks through. */
export const COMPOSE_FILES = ["compose.yaml", "compose.tls.yaml"] as const;

/** What these files use of a service. */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly user?: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

/** A compose file that was read. */
export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

const VARIABLE = /\$\$|\$\{(\w+)(?:(:[-?])([^}]*))?\}/g;

/** The variables of a file, each with its default, or `null` where it has to be set. */
export function readVariables(file: string): ReadonlyMap<string, string | null> {
  const found = readComposeText(file).matchAll(VARIABLE);
  return new Map(
    [...found].flatMap(([, name, kind, text]): [string, string | null][] =>
      name === undefined ? [] : [[name, kind === ":-" ? (text ?? "") : null]],
    ),
  );
}

/**
 * Reads a file with the variables given.
 * @throws Error when one that has no default is not among them.
 */
export function readComposeFile(
  file: string,
  variables: Readonly<Record<string, string>>,
): ComposeFile {
  const text = readComposeText(file).replaceAll(VARIABLE, (all, name, kind, fallback) => {
    if (all === "$$") {
      return "$";
    }
    const value = variables[name] || (kind === ":-" ? fallback : undefined);
    if (value === undefined) {
      throw new Error(`${file}: ${name} is not set: ${fallback}`);
    }
    return value;
  });
  return parse(text, { merge: true }) as ComposeFile;
}

/** Remarks may hold anything. */
function readComposeText(file: string): string {
  const text = readFileSync(resolve(COMPOSE_FOLDER, file), "utf8");
  return text.replaceAll(/^\s*#.*$/gm, "");
}

/** The services that run our program. */
export function acraServices({ services }: ComposeFile): readonly [string, ComposeService][] {
  return Object.entries(services).filter(([, { image }]) => image.startsWith("acra:"));
}

/** The value of a flag of a command line. */
export function flagOf({ command = [] }: ComposeService, name: string): string | undefined {
  return command.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
}
