/** Latencies in plain numbers: which moments make an answer's time, and the text that comes of it. */

import { describe, expect, test } from "bun:test";
import { LegLatencies, timeStep } from "./leg_latency.ts";
import { SessionMeter } from "./session_meter.ts";

/** A session's meter, and the times of answers that it told. */
function makeMeter(): { readonly meter: SessionMeter; readonly answers: number[] } {
  const answers: number[] = [];
  const meter = new SessionMeter({
    received: () => {},
    sent: () => {},
    worked: () => {},
    answered: (ms) => answers.push(ms),
  });
  return { meter, answers };
}

describe("SessionMeter", () => {
  test("times an answer from the request on an idle leg to the first chunk, once", () => {
    const { meter, answers } = makeMeter();
    meter.worked("client", 10, 11);
    meter.sent("database", 5);
    meter.worked("client", 12, 13);
    meter.sent("database", 5);
    meter.worked("database", 31, 40);
    meter.worked("database", 50, 60);
    expect(answers).toEqual([20]);
    meter.worked("client", 70, 71);
    meter.sent("database", 5);
    meter.worked("database", 72, 73);
    expect(answers).toEqual([20, 1]);
  });

  test("takes what comes unasked for no answer, and what goes to the client for no request", () => {
    const { meter, answers } = makeMeter();
    meter.worked("database", 1, 2);
    meter.sent("client", 5);
    meter.worked("database", 3, 4);
    expect(answers).toEqual([]);
  });
});

describe("LegLatencies", () => {
  test("counts each time in all buckets that hold it, and leaves out steps that never happened", () => {
    const latencies = new LegLatencies("acraserver", "database");
    latencies.of("client", "handshake");
    const answers = latencies.of("database", "answer");
    for (const seconds of [0.0001, 0.003, 11]) {
      answers.add(seconds);
    }
    const lines = latencies.format().split("\n");
    const labels = 'leg="database",step="answer"';
    const name = "acraserver_leg_latency_seconds";
    expect(lines).toContain(`${name}_bucket{${labels},le="0.0001"} 1`);
    expect(lines).toContain(`${name}_bucket{${labels},le="0.0025"} 1`);
    expect(lines).toContain(`${name}_bucket{${labels},le="0.005"} 2`);
    expect(lines).toContain(`${name}_bucket{${labels},le="10"} 2`);
    expect(lines).toContain(`${name}_bucket{${labels},le="+Inf"} 3`);
    expect(lines).toContain(`${name}_sum{${labels}} 11.0031`);
    expect(lines).toContain(`${name}_count{${labels}} 3`);
    expect(lines.filter((line) => line.includes("handshake"))).toEqual([]);
  });
});

describe("timeStep", () => {
  test("counts what succeeds and nothing else", async () => {
    const steps: string[] = [];
    const metrics = { stepTook: (leg: string, step: string) => steps.push(`${leg} ${step}`) };
    expect(await timeStep(metrics, "database", "connect", async () => 7)).toBe(7);
    const failing = timeStep(metrics, "client", "handshake", () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(steps).toEqual(["database connect"]);
  });
});
