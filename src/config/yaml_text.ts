/**
 * YAML as the original's parser reads it: 1.1 scalars without dates and base 60, later keys win, and
 * every value as the text that a flag would get (acra-cli.md §3.2).
 */

import { parseAllDocuments, type Tags } from "yaml";
import { NUMBER_TAG } from "./yaml_number.ts";

/** What the file says: key → text of its value, `null` where the value is empty or null. */
export type YamlSettings = ReadonlyMap<string, string | null>;

/** Tags of the YAML package that read plain scalars otherwise than the original. */
const REPLACED_TAGS = /:(?:int|float|timestamp)$/;

/** Enough for anything sensible, too little to unfold a small file into a huge value. */
const MAXIMUM_ALIASES = 100;

/**
 * Reads the first document of a file.
 * @throws Error with the reason when the text is not YAML or its top level is no mapping.
 */
export function parseYamlSettings(text: string): YamlSettings {
  const value = parseFirstDocument(text);
  if (value === null || value === undefined) {
    return new Map();
  }
  if (!(value instanceof Map)) {
    throw new Error("the top level is not a mapping of names to values");
  }
  const settings = new Map<string, string | null>();
  for (const [key, item] of value) {
    settings.set(formatValue(key), isNull(item) ? null : formatValue(item));
  }
  return settings;
}

function parseFirstDocument(text: string): unknown {
  const documents = parseAllDocuments(text, {
    version: "1.1",
    uniqueKeys: false,
    logLevel: "error",
    customTags: replaceTags,
  });
  const [first] = [...documents];
  const [error] = first?.errors ?? [];
  if (error !== undefined) {
    throw new Error(error.message.split("\n")[0]?.replace(/:$/, ""));
  }
  return first?.toJS({ mapAsMap: true, maxAliasCount: MAXIMUM_ALIASES });
}

function replaceTags(tags: Tags): Tags {
  const kept = tags.filter((tag) => typeof tag === "string" || !REPLACED_TAGS.test(tag.tag));
  return [...kept, NUMBER_TAG];
}

function isNull(value: unknown): boolean {
  return value === null || value === undefined;
}

/** The text of a value as Go prints it: `true`, `8`, `[a b]`, `map[a:1]`. */
function formatValue(value: unknown): string {
  if (isNull(value)) {
    return "<nil>";
  }
  if (value instanceof Map) {
    const items = [...value].map(([key, item]) => `${formatValue(key)}:${formatValue(item)}`);
    return `map[${items.join(" ")}]`;
  }
  return Array.isArray(value) ? `[${value.map(formatValue).join(" ")}]` : String(value);
}

/** A text as the value of a key, quoted only if it would be read as something else. */
export function formatYamlScalar(text: string): string {
  return isReadAs(text, text) ? text : JSON.stringify(text);
}

function isReadAs(yaml: string, text: string): boolean {
  try {
    const read = parseYamlSettings(`key: ${yaml}\n`);
    return read.size === 1 && read.get("key") === text;
  } catch {
    return false;
  }
}
