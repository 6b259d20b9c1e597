/** The usual time limits are those of the specification. */

import { expect, test } from "bun:test";
import { timeLimitsOf } from "./options.ts";

test("timeLimitsOf gives the limits of acra-proxy.md, and others where they are asked for", () => {
  const usual = {
    connectMs: 10_000,
    handshakeMs: 10_000,
    startupMs: 60_000,
    cancelMs: 5_000,
    requestMs: 10_000,
  };
  expect(timeLimitsOf({})).toEqual(usual);
  expect(timeLimitsOf({ timeLimits: { cancelMs: 1 } })).toEqual({ ...usual, cancelMs: 1 });
});
