/** The division of open files: what is planned always fits. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Ceiling } from "./ceiling.ts";
import { planConnections } from "./connection_limits.ts";

/** What every process has open or needs at times, whatever it serves. */
const OWN_FILES = 24;

describe("planConnections", () => {
  test("never plans more descriptors than there are, whatever is asked for", () => {
    const openFiles = fc.integer({ min: 96, max: 2_000_000 });
    fc.assert(
      fc.property(openFiles, fc.nat(), (files, asked) => {
        const { sessions, connections, api } = planConnections(files, asked);
        expect(2 * connections + api + OWN_FILES).toBeLessThanOrEqual(files);
        expect(sessions).toBeGreaterThanOrEqual(1);
        expect(connections).toBeGreaterThan(sessions);
      }),
    );
  });

  test("gives what was asked for when it fits, and says when it does not", () => {
    expect(planConnections(1_024, 100)).toMatchObject({ sessions: 100, reduced: false });
    expect(planConnections(1_024, 10_000)).toMatchObject({ sessions: 392, reduced: true });
    expect(planConnections(1_024, 0)).toMatchObject({ sessions: 392, reduced: false });
  });

  test("limits nothing but the API where nothing limits open files", () => {
    const { sessions, connections, api } = planConnections(null, 0);
    expect([sessions, connections, api]).toEqual([Infinity, Infinity, 4_096]);
  });
});

describe("Ceiling", () => {
  test("has as many places as its limit, counts what is used otherwise, and takes each back once", () => {
    const ceiling = new Ceiling(2);
    const leave = ceiling.enter();
    expect(ceiling.enter(1)).toBeNull();
    expect(ceiling.enter()).not.toBeNull();
    expect(ceiling.enter()).toBeNull();
    leave?.();
    leave?.();
    expect(ceiling.enter()).not.toBeNull();
    expect(ceiling.enter()).toBeNull();
    ceiling.limit = 3;
    expect(ceiling.enter()).not.toBeNull();
  });
});
