/** The dashboard and the alert rules ask only for series that server or connector really have. */

import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import {
  type AcraProcess,
  makeKeys,
  startAcraConnector,
  startAcraServer,
} from "../harness/acra.ts";
import { missingProgram } from "../harness/missing.ts";
import { findFreePort } from "../harness/ports.ts";
import { runProcess } from "../harness/process.ts";
import { testUnless } from "../harness/skip.ts";

const DEPLOY = resolve(import.meta.dir, "..", "..", "examples", "deploy");
const PROMETHEUS = join(DEPLOY, "prometheus");

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[];
  }[];
}

/** Name → type, of both programs. */
const series = new Map<string, string>();
/** What Prometheus makes itself, and the labels it adds. */
const ITS_OWN_SERIES = ["up"];
const ITS_OWN_LABELS = ["job", "instance", "le"];
const HISTOGRAM_PARTS = ["_bucket", "_sum", "_count"];

let programs: AcraProcess[] = [];

beforeAll(async () => {
  const keys = await makeKeys();
  const ports = [await findFreePort(), await findFreePort()];
  const metrics = ports.map((port) => `127.0.0.1:${port}`);
  const flags = metrics.map((address) => [`--prometheus_metrics_address=tcp://${address}`]);
  const database = { host: "127.0.0.1", port: await findFreePort() };
  const server = await startAcraServer(database, { keys, flags: flags[0] ?? [] });
  const connector = await startAcraConnector(server, { keys, flags: flags[1] ?? [] });
  programs = [connector, server];
  for (const address of metrics) {
    const text = await (await fetch(`http://${address}/metrics`)).text();
    for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      series.set(name, type);
    }
  }
});

afterAll(async () => {
  for (const program of programs) {
    await program.stop();
  }
});

function readDashboardExpressions(): readonly string[] {
  const text = readFileSync(join(DEPLOY, "grafana/acra.json"), "utf8");
  const found: string[] = [];
  JSON.parse(text, (key, value) => {
    if ((key === "expr" || key === "definition") && typeof value === "string") {
      found.push(value);
    }
    return value;
  });
  return found;
}

function readRules(): Rules["groups"][number]["rules"] {
  const rules: Rules = parse(readFileSync(join(PROMETHEUS, "acra.rules.yaml"), "utf8"));
  return rules.groups.flatMap((group) => group.rules);
}

/** The series that an expression selects, with the labels that it compares. */
function readSelectors(expression: string): readonly { name: string; labels: readonly string[] }[] {
  const names = /\b(acra[a-z_]*|process_[a-z_]+|up)\b(?:\{([^}]*)\})?/g;
  return [...expression.matchAll(names)].map(([, name = "", matchers = ""]) => ({
    name,
    labels: [...matchers.matchAll(/([a-z_]+)(?:=~|!~|!=|=)/g)].map(([, label = ""]) => label),
  }));
}

function exists(name: string): boolean {
  const part = HISTOGRAM_PARTS.find((suffix) => name.endsWith(suffix));
  const histogram = part === undefined ? name : name.slice(0, -part.length);
  const type = part === undefined ? series.get(name) : series.get(histogram);
  return part === undefined ? type !== undefined && type !== "histogram" : type === "histogram";
}

test("every series of the dashboard and of the alert rules exists, with the labels named", () => {
  const page = readFileSync(resolve(DEPLOY, "../../docs/operations.md"), "utf8");
  const expressions = [...readDashboardExpressions(), ...readRules().map(({ expr }) => expr)];
  const selectors = expressions.flatMap(readSelectors);
  expect(expressions.length).toBeGreaterThan(25);
  expect(expressions.filter((one) => readSelectors(one).length === 0)).toEqual([]);
  const names = selectors.map(({ name }) => name);
  const unknown = names.filter((name) => !(ITS_OWN_SERIES.includes(name) || exists(name)));
  expect([...new Set(unknown)]).toEqual([]);
  for (const label of new Set(selectors.flatMap(({ labels }) => labels))) {
    expect(ITS_OWN_LABELS.includes(label) || page.includes(`\`${label}\``)).toBe(true);
  }
});

test("there is an alert for each thing that docs/operations.md calls worth one", () => {
  const rules = new Map(readRules().map(({ alert, expr }) => [alert, expr]));
  for (const [alert, series] of [
    ["AcraPoisonRecord", "acraserver_poison_alarms_total"],
    ["AcraConnectionsRefused", "acraserver_connections_refused_total"],
    ["AcraConnectionsRefused", "acraconnector_connections_refused_total"],
    ["AcraHandshakeFailures", 'reason!="closed"'],
    ["AcraDecryptFailures", 'status="fail"'],
    ["AcraDown", "up{"],
    ["AcraConnectionsNearLimit", "process_max_fds"],
  ] as const) {
    expect(rules.get(alert) ?? "").toContain(series);
  }
});

testUnless(
  missingProgram("promtool"),
  "promtool accepts the rules, and they fire when they should",
  async () => {
    for (const args of [
      ["check", "rules", "acra.rules.yaml"],
      ["check", "config", "prometheus.yaml"],
      ["test", "rules", "alerts_test.yaml"],
    ]) {
      const { status, stdout, stderr } = await runProcess(["promtool", ...args], {
        cwd: PROMETHEUS,
      });
      expect({ args, status, said: status === 0 ? "" : stdout + stderr }).toEqual({
        args,
        status: 0,
        said: "",
      });
    }
  },
);
