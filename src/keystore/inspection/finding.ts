/** What can be wrong with a key folder, as data. */

/** The class of a finding; programs go by it. */
export type FindingKind =
  | "missing"
  | "too-open"
  | "unreadable"
  | "does-not-open"
  | "does-not-fit"
  | "half-poison-pair"
  | "misplaced"
  | "example-key"
  | "foreign-owner"
  | "unknown-file"
  | "not-checked";

/** One thing that is wrong, or that somebody should look at. */
export interface Finding {
  /** Faults break something: the holder's work or the protection. */
  readonly severity: "fault" | "warning";
  readonly kind: FindingKind;
  /** In the key folder; `.` for the folder itself. */
  readonly file: string;
  /** One sentence without a full stop. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}
