/** What a check has to say, as data. */

/** One thing that is wrong, and what to do about it. Never holds a secret or a value of the database. */
export interface Finding {
  /** With an error something does not work or is not protected; a warning is worth a look. */
  readonly severity: "error" | "warning";
  /** One sentence without a full stop. */
  readonly what: string;
  /** The file, address, setting or column. */
  readonly where: string;
  readonly fix: string;
}

/** What came of one check. */
export interface CheckReport {
  /** In a word: `keys`, `database`. */
  readonly check: string;
  /** What is as it should be. */
  readonly facts: readonly string[];
  readonly findings: readonly Finding[];
}

/** Makes a finding of severity "error". */
export function errorAt(where: string, what: string, fix: string): Finding {
  return { severity: "error", where, what, fix };
}

/** Makes a finding of severity "warning". */
export function warningAt(where: string, what: string, fix: string): Finding {
  return { severity: "warning", where, what, fix };
}
