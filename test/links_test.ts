/** The links of every page lead to what is there. */

import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const PAGES = ["*.md", "docs/**/*.md", "examples/**/*.md"]
  .flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: ROOT })])
  .filter((path) => !path.includes("node_modules"))
  .sort();

/** Heading → the name by which a link finds it. */
function anchorsOf(text: string): readonly string[] {
  const prose = text.replace(/^```.*?^```$/gms, "");
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}

test("there are the pages that readers are sent to first", () => {
  expect(PAGES).toContain("README.md");
  expect(PAGES).toContain("docs/deploy.md");
  expect(PAGES.length).toBeGreaterThan(20);
});

test.each(PAGES)("the links of %s lead somewhere", (page) => {
  const path = join(ROOT, page);
  const text = readFileSync(path, "utf8").replace(/^```.*?^```$/gms, "");
  const links = [...text.matchAll(/\]\(([^)\s#]*)(?:#([^)\s]*))?\)/g)];
  const lost = links.filter(([, target = "", anchor]) => {
    if (target.includes("://")) {
      return false;
    }
    const file = target === "" ? path : join(dirname(path), target);
    return (
      !existsSync(file) ||
      !(anchor === undefined || anchorsOf(readFileSync(file, "utf8")).includes(anchor))
    );
  });
  expect(lost.map(([link]) => link)).toEqual([]);
});
