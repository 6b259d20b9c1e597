/** The texts of all answers, byte for byte (acra-formats.md §5.6): no lengths, the body ends at the close. */

// Specification.
const LINE = "\r\n";
const FOUND = `HTTP/1.1 200 OK Found${LINE}${LINE}`;

/** Done, nothing to tell. */
export const DONE = FOUND;
/** No such path, or one that is not open. */
export const NOT_FOUND = `HTTP/1.1 404 Not Found${LINE}${LINE}incorrect request${LINE}${LINE}`;
/** It could not be done. */
export const FAILED = `HTTP/1.1 500 Server error${LINE}${LINE}${LINE}${LINE}`;

/** Done, and this is the result. */
export function formatFound(body: string): string {
  return `${FOUND}${body}${LINE}${LINE}`;
}
