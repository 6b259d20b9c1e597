/**
 * TypeScript text, split as far as the architecture test needs it: code without comments, code
 * without strings, imports and exports. Not a parser; it knows comments, strings, templates and
 * regular expressions, so that none of them is mistaken for another.
 */

/** One `from "…"`, `import "…"` or `import("…")`. */
export interface ImportedModule {
  readonly specifier: string;
  /** `import type`, `export type`, or `import("…")` in a type: nothing of it is left at run time. */
  readonly typeOnly: boolean;
}

interface Token {
  readonly kind: "code" | "comment" | "string";
  readonly text: string;
}

const TOKEN =
  /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;

/** What ends an operand: a `/` behind it divides, anywhere else it begins a regular expression. */
const AFTER_OPERAND = /[\w$)\]}"'`]$/;
const AFTER_KEYWORD = /(?<![\w$.])(?:return|case|typeof|of|in|yield|await)$/;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let code = "";
  let before = "";
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text)?.[0];
    const isComment = found?.startsWith("//") || found?.startsWith("/*");
    const divides =
      found?.startsWith("/") && AFTER_OPERAND.test(before) && !AFTER_KEYWORD.test(before);
    if (found === undefined || (divides && !isComment)) {
      code += text.charAt(at);
      before = (before + text.charAt(at)).trimEnd().slice(-12);
      at += 1;
      continue;
    }
    tokens.push({ kind: "code", text: code });
    tokens.push({ kind: isComment ? "comment" : "string", text: found });
    code = "";
    before = isComment ? before : '"';
    at += found.length;
  }
  tokens.push({ kind: "code", text: code });
  return tokens;
}

/** The text without comments; strings stay, so that imports can be read. */
export function withoutComments(text: string): string {
  return tokenize(text)
    .map((token) => (token.kind === "comment" ? " " : token.text))
    .join("");
}

/** The bare code: no comments, no text in strings; what is computed inside a template stays. */
export function codeOnly(text: string): string {
  let result = "";
  for (const token of tokenize(text)) {
    if (token.kind === "code") {
      result += token.text;
    } else if (token.kind === "string" && token.text.startsWith("`")) {
      for (const [, expression] of token.text.matchAll(/\$\{([^}]*)\}/g)) {
        result += ` (${expression}) `;
      }
    } else {
      result += " ";
    }
  }
  return result;
}

const STATIC_IMPORT =
  /^\s*(?:import|export)\s+(type\s)?(?:[^;"'()=]*?\sfrom\s*)?["']([^"']+)["']/gm;
const INLINE_IMPORT = /\bimport\s*\(\s*["'`]([^"'`]+)["'`]\s*[,)]/g;

/** Every module that the text names, type-only ones too. */
export function importsOf(text: string): ImportedModule[] {
  const code = withoutComments(text);
  const found: ImportedModule[] = [];
  for (const match of code.matchAll(STATIC_IMPORT)) {
    const names = match[0].match(/\{([^}]*)\}/)?.[1]?.split(",") ?? ["*"];
    const everyNameIsType = names.every((name) => /^\s*(?:type\s|$)/.test(name));
    found.push({
      specifier: match[2] ?? "",
      typeOnly: match[1] !== undefined || everyNameIsType,
    });
  }
  for (const match of code.matchAll(INLINE_IMPORT)) {
    found.push({ specifier: match[1] ?? "", typeOnly: false });
  }
  return found;
}

/** A name that a module offers, and where it comes from: another module, or itself (`null`). */
export interface Export {
  readonly name: string;
  readonly original: string;
  readonly from: string | null;
}

const LISTED_EXPORT = /^export\s+(?:type\s+)?\{([^}]*)\}(?:\s*from\s*["']([^"']+)["'])?/gm;
const DECLARED_EXPORT =
  /^export\s+(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|const|let|interface|type)\s+([A-Za-z_$][\w$]*)/gm;

/** Every name that the text exports. */
export function exportsOf(text: string): Export[] {
  const code = withoutComments(text);
  const found: Export[] = [];
  for (const [, names, from] of code.matchAll(LISTED_EXPORT)) {
    for (const entry of (names ?? "").split(",")) {
      const [original, name] = entry
        .trim()
        .replace(/^type\s+/, "")
        .split(/\s+as\s+/);
      if (original !== undefined && original !== "") {
        found.push({ name: name ?? original, original, from: from ?? null });
      }
    }
  }
  for (const [, name] of code.matchAll(DECLARED_EXPORT)) {
    found.push({ name: name ?? "", original: name ?? "", from: null });
  }
  return found;
}

/** Whether the declaration of `name` stands directly under a doc comment. */
export function hasDocComment(text: string, name: string): boolean {
  const declaration = new RegExp(
    `\\*/\\n(?:export\\s+)?(?:declare\\s+)?(?:abstract\\s+)?(?:async\\s+)?(?:function\\*?|class|const|let|interface|type)\\s+${escapeName(name)}(?![\\w$])`,
  );
  return isDocumented(text, declaration);
}

/** Whether a member `name` of an interface stands directly under a doc comment. */
export function hasMemberDoc(text: string, name: string): boolean {
  return isDocumented(text, new RegExp(`\\*/\\n\\s+${escapeName(name)}\\(`));
}

function isDocumented(text: string, declaration: RegExp): boolean {
  const at = text.search(declaration);
  return (
    at >= 0 &&
    text.lastIndexOf("/**", at) >= 0 &&
    text.lastIndexOf("/**", at) === text.lastIndexOf("/*", at)
  );
}

function escapeName(name: string): string {
  return name.replaceAll("$", "\\$");
}
