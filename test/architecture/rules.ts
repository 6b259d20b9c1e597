/**
 * The rules of the tree as functions over a map of texts, so that the test can show them a tree
 * that breaks each of them.
 */

import { posix } from "node:path";
import { codeOnly, exportsOf, hasDocComment, hasMemberDoc, importsOf } from "./source_text.ts";

/** Path below `src/` → text. */
export type SourceTree = ReadonlyMap<string, string>;

/** One row of the table in ARCHITECTURE.md. */
export interface Layer {
  readonly folder: string;
  /** Below the pure line: no runtime, clock, environment, log or I/O. */
  readonly pure: boolean;
  /** As in the table: folders, packages, `node`, `Bun`, `X (types)`, `X (sub/)`, `all above`. */
  readonly mayImport: readonly string[];
}

/** What an import asks for, in the words of the table. */
interface Wanted {
  readonly word: string;
  readonly typeOnly: boolean;
}

/** Folders that stand for a command; the word `programs` means them. */
const PROGRAMS: readonly string[] = ["server", "connector", "rollback", "rotate"];

/** The one folder below the line that may touch the runtime; chosen by an import condition. */
const NATIVE_PRIMITIVES = "crypto/native/";

const RUNTIME_NAMES =
  /(?<![\w$.#])(Bun|Buffer|process|Date|console|performance|setTimeout|setInterval|setImmediate|queueMicrotask|fetch|require)\b(?!\s*\??:(?!:))/g;

/** Everything that is wrong with the tree: one line per fault, in the order of the paths. */
export function findFaults(tree: SourceTree, layers: readonly Layer[]): string[] {
  const faults: string[] = [];
  for (const path of [...tree.keys()].sort()) {
    const text = tree.get(path) ?? "";
    const layer = findLayer(path, layers);
    if (layer === undefined) {
      faults.push(`${path}: its folder is not in the table`);
      continue;
    }
    faults.push(...findImportFaults(path, text, layer, layers));
    if (layer.pure && !isTest(path) && !path.startsWith(NATIVE_PRIMITIVES)) {
      faults.push(...findRuntimeNames(path, text));
    }
    if (posix.basename(path) === "mod.ts") {
      faults.push(...findMissingDocs(path, text, tree));
    }
  }
  return faults;
}

function findImportFaults(
  path: string,
  text: string,
  layer: Layer,
  layers: readonly Layer[],
): string[] {
  const faults: string[] = [];
  for (const { specifier, typeOnly } of importsOf(text)) {
    const target = specifier.startsWith(".")
      ? posix.join(posix.dirname(path), specifier)
      : undefined;
    if (specifier === "#primitives" && layer.folder !== "crypto") {
      faults.push(`${path}: only crypto imports #primitives`);
    } else if (target !== undefined) {
      faults.push(...findDoorFaults(path, target, typeOnly, layer, layers));
    } else if (!isTest(path) && specifier !== "#primitives") {
      const wanted = { word: packageOf(specifier), typeOnly };
      if (!isAllowed(path, wanted, layer, layers)) {
        faults.push(`${path}: ${layer.folder} may not import ${specifier}`);
      }
    }
  }
  return faults;
}

function findDoorFaults(
  path: string,
  target: string,
  typeOnly: boolean,
  layer: Layer,
  layers: readonly Layer[],
): string[] {
  if (target.startsWith("../")) {
    return isTest(path) ? [] : [`${path}: ${target} lies outside src`];
  }
  const other = findLayer(target, layers);
  if (other === undefined) {
    return [`${path}: the folder of ${target} is not in the table`];
  }
  if (other.folder === layer.folder) {
    return [];
  }
  if (target !== `${other.folder}/mod.ts`) {
    return [`${path}: ${target} is a side door; the door is ${other.folder}/mod.ts`];
  }
  if (isTest(path) || isAllowed(path, { word: other.folder, typeOnly }, layer, layers)) {
    return [];
  }
  return [`${path}: ${layer.folder} may not import ${other.folder}`];
}

function isAllowed(path: string, wanted: Wanted, layer: Layer, layers: readonly Layer[]): boolean {
  return layer.mayImport.some((entry) => {
    const [, word = entry, place] = entry.match(/^(.*?) \((.*)\)$/) ?? [];
    if (place === "types" && !wanted.typeOnly) {
      return false;
    }
    if (place?.endsWith("/") && !path.startsWith(`${layer.folder}/${place}`)) {
      return false;
    }
    return covers(word, wanted.word, layer, layers);
  });
}

function covers(word: string, wanted: string, layer: Layer, layers: readonly Layer[]): boolean {
  if (word === "all above") {
    const above = layers.slice(0, layers.indexOf(layer)).map((other) => other.folder);
    return above.includes(wanted);
  }
  if (word === "programs") {
    return PROGRAMS.includes(wanted);
  }
  if (word.endsWith("/*")) {
    return wanted.startsWith(word.slice(0, -1));
  }
  if (word === "node") {
    return wanted.startsWith("node:");
  }
  if (word === "Bun") {
    return wanted === "bun" || wanted.startsWith("bun:");
  }
  return wanted === word;
}

/** `@noble/hashes/sha2.js` → `@noble`, `yaml/util` → `yaml`; `node:fs` stays. */
function packageOf(specifier: string): string {
  return specifier.startsWith("node:") ? specifier : (specifier.split("/")[0] ?? specifier);
}

function findRuntimeNames(path: string, text: string): string[] {
  const names = new Set<string>();
  const code = codeOnly(text);
  for (const match of code.matchAll(RUNTIME_NAMES)) {
    names.add(match[1] ?? "");
  }
  if (/(?<![\w$])Math\s*\.\s*random\b/.test(code)) {
    names.add("Math.random");
  }
  return [...names].map((name) => `${path}: ${name} below the pure line`);
}

function findMissingDocs(path: string, text: string, tree: SourceTree): string[] {
  const faults: string[] = [];
  if (/^export\s+\*/m.test(codeOnly(text))) {
    faults.push(`${path}: exports everything of a module; a door names what it offers`);
  }
  for (const { name, original, from } of exportsOf(text)) {
    if (!isDocumented(path, original, from, tree)) {
      faults.push(`${path}: the export ${name} has no doc comment`);
    }
  }
  return faults;
}

function isDocumented(path: string, name: string, from: string | null, tree: SourceTree): boolean {
  if (from === "#primitives") {
    return hasMemberDoc(tree.get("crypto/contract.ts") ?? "", name);
  }
  const source = from === null ? path : posix.join(posix.dirname(path), from);
  const text = tree.get(source) ?? "";
  if (hasDocComment(text, name)) {
    return true;
  }
  const further = exportsOf(text).find((entry) => entry.name === name && entry.from !== null);
  return further !== undefined && isDocumented(source, further.original, further.from, tree);
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts");
}

/** The row that a path belongs to; the longest folder wins, files right in `src/` are rows too. */
function findLayer(path: string, layers: readonly Layer[]): Layer | undefined {
  return layers
    .filter(({ folder }) => path === folder || path.startsWith(`${folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Reads the table "Layers" out of ARCHITECTURE.md. */
export function parseLayerTable(markdown: string): Layer[] {
  const layers: Layer[] = [];
  let pure = true;
  for (const line of markdown.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim());
    const [, first = "", , last = ""] = cells;
    if (first.includes("the pure line")) {
      pure = false;
    }
    for (const [, folder = ""] of first.matchAll(/`([^`]+)`/g)) {
      const mayImport = last.split(/[,;]\s*/).filter((entry) => entry !== "–" && entry !== "");
      layers.push({ folder, pure, mayImport });
    }
  }
  return layers;
}
