/** Who may leave, and when it is an error. */

import { expect, test } from "bun:test";
import { describeFailing, describeLeaving } from "./pump_end.ts";

const reset = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
const broken = new Error("bad record");

test.each([
  ["client", false, false, "client", false],
  ["client", true, false, "client", false],
  ["database", false, true, "database", false],
  ["database", false, false, "database", true],
  // It closes because its application has left.
  ["database", true, false, "client", false],
] as const)(
  "%s leaves; client ended %p, settled %p",
  (side, clientEnded, settled, first, error) => {
    const end = describeLeaving(side, { clientEnded, settled });
    expect(end).toEqual({ reason: `the ${first} closed its connection`, error });
  },
);

test.each([
  ["client", false, false, true],
  ["client", false, true, false],
  ["client", true, false, false],
  ["database", false, false, true],
  ["database", false, true, true],
  ["database", true, false, true],
  ["database", true, true, false],
] as const)("%s is reset; client ended %p, settled %p", (side, clientEnded, settled, error) => {
  const end = describeFailing(side, reset, { clientEnded, settled });
  expect(end).toEqual({ reason: `connection with the ${side} failed: read ECONNRESET`, error });
});

test("a failure that is no reset is an error whoever waits", () => {
  const standing = { clientEnded: true, settled: true };
  expect(describeFailing("client", broken, standing).error).toBe(true);
  expect(describeFailing("database", broken, standing).error).toBe(true);
});
