/** No section of the vector files may lie unused: each is run by a test, or listed here as not yet run. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { sectionsOf, type VectorFile } from "./vectors.ts";

/** Sections of parts that are still to be built. Whoever builds one takes it off this list. */
const NOT_YET_RUN: Readonly<Record<VectorFile, readonly string[]>> = {
  themis: [],
  acra: ["later_formats"],
};

const ROOT = `${import.meta.dirname}/../..`;

test.each(["themis", "acra"] as const)("every section of %s.json is run by a test", (file) => {
  const sections = sectionsOf(file);
  const unused = sections.filter((section) => !isRun(file, section));
  expect(sections.length).toBeGreaterThan(15);
  expect(unused.toSorted()).toEqual(NOT_YET_RUN[file].toSorted());
});

/** Whether a test gives the section to the runner, or imports the file and reads that member of it. */
function isRun(file: VectorFile, section: string): boolean {
  const call = new RegExp(`\\(\\s*"${file}",\\s*"${section}[".]`);
  const member = new RegExp(`\\.${section}\\b`);
  return TESTS.some(
    (source) =>
      call.test(source) || (source.includes(`vectors/${file}.json"`) && member.test(source)),
  );
}

const TESTS = [...new Bun.Glob("{src,test}/**/*_test.ts").scanSync(ROOT)].map((path) =>
  readFileSync(`${ROOT}/${path}`, "utf8"),
);
