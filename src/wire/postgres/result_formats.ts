/** Format codes of result columns, as Bind asks for them and RowDescription tells them. */

// Specification.
/** Values travel in their text form. */
export const TEXT_FORMAT = 0;
/** Values travel in their binary form. */
export const BINARY_FORMAT = 1;

/** No code (everything is text), one code (for every column), or one code for each column. */
export type ResultFormats = readonly number[];

/** The format code of a column, or `null` when there are codes, but none for this column. */
export function formatOf(formats: ResultFormats, column: number): number | null {
  if (formats.length === 0) {
    return TEXT_FORMAT;
  }
  return (formats.length === 1 ? formats[0] : formats[column]) ?? null;
}
