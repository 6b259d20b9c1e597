/** The table of the contract, as Markdown that is readable in a terminal too. */

import { join } from "node:path";
import type { Comparison, Outcome } from "./compare.ts";
import type { Case } from "./steps.ts";

const PAGE = join(import.meta.dir, "../../docs/compatibility.md");
const BEGIN = "<!-- begin: written by bun test/compat/main.ts --write -->";
const END = "<!-- end -->";

/** One row a case, one column a driver; under it what drivers cannot express, and why. */
export function renderTable(cases: readonly Case[], comparisons: readonly Comparison[]): string {
  const head = ["case", ...comparisons.map(({ driver, version }) => `${driver} ${version}`)];
  const rows = cases.map(({ id, title }) => [
    title,
    ...comparisons.map(({ outcomes }) => mark(outcomes.get(id))),
  ]);
  const reasons = comparisons.flatMap((comparison) => reasonsOf(comparison, cases));
  return [
    line(head),
    line(head.map((_, column) => (column === 0 ? "---" : ":-:"))),
    ...rows.map(line),
    "",
    "✓ equal, ✗ different, – the driver has no way to express it:",
    "",
    ...reasons,
  ].join("\n");
}

/** Puts the table between its marks in docs/compatibility.md. */
export async function writeIntoPage(table: string): Promise<void> {
  const page = await Bun.file(PAGE).text();
  const start = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (start < 0 || end < start) {
    throw new Error(`${PAGE} has no place for the table: ${BEGIN}`);
  }
  await Bun.write(PAGE, `${page.slice(0, start)}${BEGIN}\n\n${table}\n\n${page.slice(end)}`);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function mark(outcome: Outcome | undefined): string {
  return { equal: "✓", different: "✗", cannot: "–" }[outcome?.kind ?? "different"];
}

/** Cases that a driver cannot express for the same reason share a line. */
function reasonsOf({ driver, outcomes }: Comparison, cases: readonly Case[]): string[] {
  const byReason = Map.groupBy(
    cases.flatMap(({ id, title }) => {
      const outcome = outcomes.get(id);
      return outcome?.kind === "cannot" ? [{ title, reason: outcome.reason }] : [];
    }),
    ({ reason }) => reason,
  );
  return [...byReason].map(
    ([reason, those]) => `- ${driver} ${reason}: ${those.map(({ title }) => title).join("; ")}.`,
  );
}
