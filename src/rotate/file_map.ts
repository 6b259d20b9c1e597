/** Which files belong to which zone, as the operator lists them: acra-formats.md §8.5. */

/** Zone id → paths, zones in byte order. */
export type FileMap = ReadonlyMap<string, readonly string[]>;

// Specification.
const WRONG_FORMAT =
  'config must have json format {"zoneId1": pathToFileStr, "zoneId2": [pathToFileStr, pathToFileStr]}';

/**
 * Reads the map.
 * @throws SyntaxError with the text of 0.82 when it is anything else.
 */
export function parseFileMap(text: string): FileMap {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError(WRONG_FORMAT);
  }
  const zones = Object.entries(value).map(([zoneId, paths]): [string, readonly string[]] => [
    zoneId,
    toPaths(paths),
  ]);
  return new Map(
    zones.sort(([left], [right]) => Buffer.compare(Buffer.from(left), Buffer.from(right))),
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(WRONG_FORMAT, { cause });
  }
}

function toPaths(value: unknown): readonly string[] {
  const paths: unknown = typeof value === "string" ? [value] : value;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === "string")) {
    throw new SyntaxError(WRONG_FORMAT);
  }
  return paths;
}
