/**
 * Runs the vectors, the files beside this one that the original programs made. One case is one
 * test; what a case holds is declared in full, so that nothing in a file can be overlooked.
 */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { type Fields, record, type Vector } from "./fields.ts";

export * from "./fields.ts";

/** The files, by name without extension. */
export type VectorFile = "themis" | "acra";

const files = new Map<VectorFile, Readonly<Record<string, unknown>>>();

/**
 * Registers a test for every case of a section; `section` is a path such as `keys.pairs`. A case
 * with an unknown or missing key fails, and so does a section without cases.
 */
export function forEachVector<F extends Fields>(
  file: VectorFile,
  section: string,
  fields: F,
  check: (vector: Vector<F>) => unknown,
): void {
  const cases = readSection(file, section);
  if (!Array.isArray(cases) || cases.length === 0) {
    throw new TypeError(`${file}.json has no cases in "${section}"`);
  }
  const read = record(fields);
  let run = 0;
  describe(`${file}.json ${section}`, () => {
    for (const [index, value] of cases.entries()) {
      test(`${index} ${value.name ?? value.reason ?? ""}`, async () => {
        run++;
        await check(read(value));
      });
    }
    test(`all ${cases.length} cases were run`, () => {
      expect(run).toBe(cases.length);
    });
  });
}

/** A section that is one object. */
export function readVector<F extends Fields>(
  file: VectorFile,
  section: string,
  fields: F,
): Vector<F> {
  return record(fields)(readSection(file, section));
}

/** Every case of a section, for a test that needs them together. */
export function readVectors<F extends Fields>(
  file: VectorFile,
  section: string,
  fields: F,
): readonly Vector<F>[] {
  const cases = readSection(file, section);
  if (!Array.isArray(cases)) {
    throw new TypeError(`${file}.json has no list "${section}"`);
  }
  return cases.map(record(fields));
}

/** Names of the sections of a file that hold vectors, without the texts that describe the file. */
export function sectionsOf(file: VectorFile): readonly string[] {
  return Object.entries(load(file))
    .filter(([, value]) => typeof value === "object")
    .map(([name]) => name);
}

function readSection(file: VectorFile, section: string): unknown {
  let value: unknown = load(file);
  for (const name of section.split(".")) {
    value = (value as Record<string, unknown> | undefined)?.[name];
  }
  if (value === undefined) {
    throw new TypeError(`${file}.json has no section "${section}"`);
  }
  return value;
}

function load(file: VectorFile): Readonly<Record<string, unknown>> {
  const known = files.get(file);
  if (known !== undefined) {
    return known;
  }
  const content = JSON.parse(readFileSync(`${import.meta.dirname}/${file}.json`, "utf8"));
  files.set(file, content);
  return content;
}
