/** The text inside a password file: one line per user, `user:salt:3,8192,2,32:hash` (acra-formats.md §8.6). */

import { AccountsError } from "./accounts_error.ts";
import {
  formatParameters,
  hashPassword,
  isUsableSalt,
  type PasswordHash,
  parseParameters,
} from "./password.ts";

/** A user and the line about that user. */
interface AccountLine {
  readonly user: string;
  readonly line: string;
}

/** A user whose password can be checked. */
export interface Account extends PasswordHash {
  readonly user: string;
}

const FIELDS = 4;
const SEPARATOR = ":";

/**
 * Adds a user or replaces the password; the promise gives the new text, other lines as they were.
 * @throws AccountsError when the user's name or the password cannot be stored, or the text is damaged.
 */
export async function setAccount(text: string, user: string, password: string): Promise<string> {
  checkUserName(user);
  checkPassword(password);
  const lines = parseLines(text);
  const { salt, parameters, hash } = await hashPassword(password);
  const line = [user, salt, formatParameters(parameters), hash.toBase64()].join(SEPARATOR);
  const isKnown = lines.some((known) => known.user === user);
  const changed = lines.map((known) => (known.user === user ? { user, line } : known));
  return formatLines(isKnown ? changed : [...lines, { user, line }]);
}

/**
 * Removes a user; the text is empty when nobody is left, and then the file has to go (an empty Secure
 * Cell does not exist).
 * @throws AccountsError when there is no such user or the text is damaged.
 */
export function removeAccount(text: string, user: string): string {
  const lines = parseLines(text);
  const others = lines.filter((known) => known.user !== user);
  if (others.length === lines.length) {
    throw new AccountsError(
      `RemoveUser failed: user ${JSON.stringify(user)} not found in file`,
      "names are case-sensitive; look at --user and --file",
    );
  }
  return formatLines(others);
}

/**
 * The user of this name, for `verifyPassword`; `null` when there is none or the line cannot be used.
 * Lines that are damaged are passed over, as 0.82's web configuration does.
 */
export function findAccount(text: string, user: string): Account | null {
  for (const line of text.split("\n")) {
    const account = parseAccount(line);
    if (account?.user === user) {
      return account;
    }
  }
  return null;
}

function parseAccount(line: string): Account | null {
  const fields = line.trim().split(SEPARATOR);
  const [user = "", salt = "", parameterText = "", hashText = ""] = fields;
  const parameters = parseParameters(parameterText);
  if (fields.length !== FIELDS || parameters === null || !isUsableSalt(salt)) {
    return null;
  }
  const hash = decodeHash(hashText);
  return hash?.length === parameters.length ? { user, salt, parameters, hash } : null;
}

function decodeHash(text: string): Uint8Array | null {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: "strict" });
  } catch {
    return null;
  }
}

function parseLines(text: string): readonly AccountLine[] {
  const lines: AccountLine[] = [];
  const seen = new Set<string>();
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line === "") {
      continue;
    }
    const fields = line.split(SEPARATOR);
    const [user = ""] = fields;
    if (fields.length !== FIELDS || seen.has(user)) {
      const fault = fields.length === FIELDS ? "its user stands there twice" : "not four fields";
      throw new AccountsError(
        `Line ${index + 1} of the password file is wrong: ${fault}`,
        "bring the file back from a copy, or remove it and set all users anew",
      );
    }
    seen.add(user);
    lines.push({ user, line });
  }
  return lines;
}

function formatLines(lines: readonly AccountLine[]): string {
  return lines.map(({ line }) => `${line}\n`).join("");
}

/**
 * Refuses names that would tear their line, or be trimmed when it is read.
 * @throws AccountsError
 */
export function checkUserName(user: string): void {
  if (
    user === "" ||
    user !== user.trim() ||
    /[:\p{Cc}\p{Zl}\p{Zp}]/u.test(user) ||
    !user.isWellFormed()
  ) {
    throw new AccountsError(
      "Invalid user name",
      "it may hold anything but colons and control characters, and no blanks at its ends",
    );
  }
}

function checkPassword(password: string): void {
  if (password === "") {
    throw new AccountsError("Empty password", "a password has at least one character");
  }
}
