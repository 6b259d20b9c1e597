/**
 * A strict reader of CEF lines as Acra writes them (acra-cli.md §6.4), made from those rules alone:
 * whatever a rule does not allow is an error.
 */

/** One line. */
export interface CefLine {
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly code: number;
  readonly message: string;
  readonly severity: number;
  readonly fields: ReadonlyMap<string, string>;
}

/** Ends a line, moves a cursor, or hides: no line may hold any of them. */
const FORBIDDEN = /[\p{Cc}\u2028\u2029]/u;
const KEY_AT_END = /(?:^| )([A-Za-z0-9_.-]+)$/;
const HEADER_FIELDS = 7;

/** Reads one line without its newline. */
export function parseCef(line: string): CefLine {
  if (FORBIDDEN.test(line)) {
    throw new SyntaxError(`a control character in ${JSON.stringify(line)}`);
  }
  const { header, rest } = splitHeader(line);
  const [prefix, vendor = "", product = "", version = "", code = "", message = "", severity = ""] =
    header;
  if (prefix !== "CEF:0" || !/^\d{3}$/.test(code) || !/^(?:10|\d)$/.test(severity)) {
    throw new SyntaxError(`not a CEF header: ${line}`);
  }
  return {
    vendor,
    product,
    version,
    code: Number(code),
    message,
    severity: Number(severity),
    fields: readExtension(rest),
  };
}

/** The seven fields before the seventh bare `|`, and the rest as it is. */
function splitHeader(line: string): { readonly header: string[]; readonly rest: string } {
  const header: string[] = [];
  let field = "";
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? "";
    if (character === "\\") {
      field += escaped(line, ++index);
    } else if (character === "|") {
      header.push(field);
      field = "";
      if (header.length === HEADER_FIELDS) {
        return { header, rest: line.slice(index + 1) };
      }
    } else if (character === "=") {
      throw new SyntaxError(`a bare = in the header of ${line}`);
    } else {
      field += character;
    }
  }
  throw new SyntaxError(`fewer than ${HEADER_FIELDS} fields in ${line}`);
}

/** `KEY=VALUE` and a blank, any number of times, keys in byte order. */
function readExtension(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let key: string | null = null;
  let lastKey = "";
  let value = "";
  const finish = (end: string): void => {
    if (key === null) {
      if (end !== "") {
        throw new SyntaxError(`text before the first key: ${text}`);
      }
      return;
    }
    if (key <= lastKey) {
      throw new SyntaxError(`${key} comes after ${lastKey} in ${text}`);
    }
    fields.set(key, end);
    lastKey = key;
  };
  for (let index = 0; index < text.length; index++) {
    const character = text[index] ?? "";
    if (character === "\\") {
      value += escaped(text, ++index);
    } else if (character === "|") {
      throw new SyntaxError(`a bare | in ${text}`);
    } else if (character === "=") {
      const [match, name] = KEY_AT_END.exec(value) ?? [];
      if (match === undefined || name === undefined) {
        throw new SyntaxError(`a bare = without a key in ${text}`);
      }
      finish(value.slice(0, value.length - match.length));
      key = name;
      value = "";
    } else {
      value += character;
    }
  }
  if (!value.endsWith(" ")) {
    throw new SyntaxError(`no blank at the end of ${JSON.stringify(text)}`);
  }
  finish(value.slice(0, -1));
  return fields;
}

function escaped(text: string, index: number): string {
  const character = text[index];
  if (character !== "\\" && character !== "|" && character !== "=") {
    throw new SyntaxError(`\\${character ?? ""} is no escape: ${text}`);
  }
  return character;
}
