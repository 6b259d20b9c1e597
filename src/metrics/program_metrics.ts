/**
 * What server and connector both count. What happens for each chunk of bytes is added to plain
 * numbers; the series are made of them when somebody asks.
 */

import { LegLatencies, type LegName, type LegStep } from "./leg_latency.ts";
import { addProcessMetrics } from "./process_metrics.ts";
import { Counter, Gauge, Histogram, Registry } from "./prom_client.ts";
import { type LegMeter, type MeterTotals, SessionMeter } from "./session_meter.ts";
import { type MetricsSnapshot, readRegistry, sumLatencies, sumMetrics } from "./snapshot.ts";
import { addWorkerMetrics, type WorkerCounts } from "./worker_metrics.ts";

/** Bounds of a connection's life in seconds (acra-cli.md §12). */
const CONNECTION_BOUNDS = [0.1, 0.2, 0.5, 1, 10, 60, 3_600, 86_400];

/** What came in: a database session, or a connection to the HTTP API. */
export type ConnectionKind = "db" | "api";

/** What a program is called in its series. */
export interface ProgramNames {
  readonly service: "acraserver" | "acraconnector";
  /** How the leg away from the application is called. */
  readonly farLeg: "database" | "server";
  /** The release, as in `0.82.0`; `null` in a further thread, where nothing is told of the process. */
  readonly version: string | null;
}

/** Bytes of one leg since the start. */
interface LegBytes {
  in: number;
  out: number;
}

/** The series of a connector, and those that a server has in common with it. */
export class ProgramMetrics implements MeterTotals {
  protected readonly registry = new Registry();
  /** Histograms that 0.82 exports under a name ending in `_bucket`, and 0.83 without that. */
  protected readonly renamed: string[] = [];
  readonly #legs: Readonly<Record<LegName, LegBytes>> = {
    client: { in: 0, out: 0 },
    database: { in: 0, out: 0 },
  };
  readonly #latencies: LegLatencies;
  readonly #answers: { add(seconds: number): void };
  readonly #connections: Counter<"connection_type">;
  readonly #sessions: Gauge<"connection_type">;
  readonly #lives: Histogram<"connection_type">;
  readonly #refusals: Counter<"connection_type" | "reason">;
  readonly #handshakeFailures: Counter<"reason">;

  constructor(names: ProgramNames) {
    const { service } = names;
    const registers = [this.registry];
    const labelNames = ["connection_type"] as const;
    this.#latencies = new LegLatencies(service, names.farLeg);
    this.#answers = this.#latencies.of("database", "answer");
    this.#connections = new Counter({
      name: `${service}_connections_total`,
      help: "Connections that were accepted",
      labelNames,
      registers,
    });
    this.#sessions = new Gauge({
      name: `${service}_sessions`,
      help: "Connections that are open now",
      labelNames,
      registers,
    });
    this.#lives = new Histogram({
      name: `${service}_connections_processing_seconds`,
      help: "Life of a connection, in seconds",
      labelNames,
      buckets: CONNECTION_BOUNDS,
      registers,
    });
    this.renamed.push(`${service}_connections_processing_seconds`);
    this.#refusals = new Counter({
      name: `${service}_connections_refused_total`,
      help: "Connections for which there was no room",
      labelNames: ["connection_type", "reason"],
      registers,
    });
    this.#handshakeFailures = new Counter({
      name: `${service}_handshake_failures_total`,
      help: "Secure Sessions that could not be set up",
      labelNames: ["reason"],
      registers,
    });
    this.#addBytes(names);
    if (names.version !== null) {
      addVersion(this.registry, service, names.version);
      addProcessMetrics(this.registry);
    }
  }

  /** Counts a connection; the answer is called when nothing of it is left. */
  connectionStarted(kind: ConnectionKind): () => void {
    const labels = { connection_type: kind };
    const start = performance.now();
    this.#connections.inc(labels);
    this.#sessions.inc(labels);
    return () => {
      this.#sessions.dec(labels);
      this.#lives.observe(labels, (performance.now() - start) / 1e3);
    };
  }

  /** Counts a connection that was one too many; reasons are few here too. */
  connectionRefused(kind: ConnectionKind, reason: string): void {
    this.#refusals.inc({ connection_type: kind, reason });
  }

  /** Counts a handshake that failed; reasons are few, for each makes a series. */
  handshakeFailed(reason: string): void {
    this.#handshakeFailures.inc({ reason });
  }

  /** Counts the time of a step that succeeded. */
  stepTook(leg: LegName, step: LegStep, ms: number): void {
    this.#latencies.of(leg, step).add(ms / 1e3);
  }

  /** What one session counts with. */
  meterSession(): LegMeter {
    return new SessionMeter(this);
  }

  received(from: LegName, bytes: number): void {
    this.#legs[from].in += bytes;
  }

  sent(to: LegName, bytes: number): void {
    this.#legs[to].out += bytes;
  }

  /** Nothing: a connector does no work that is worth a histogram. */
  worked(_from: LegName, _ms: number): void {}

  answered(ms: number): void {
    this.#answers.add(ms / 1e3);
  }

  /** Shows how many threads there are, which `counts` is asked for. */
  watchWorkers(service: ProgramNames["service"], counts: WorkerCounts): void {
    addWorkerMetrics(this.registry, service, counts);
  }

  /** What was counted so far. */
  async read(): Promise<MetricsSnapshot> {
    return { metrics: await readRegistry(this.registry), latencies: this.#latencies.read() };
  }

  /**
   * Everything in the text format 0.0.4, the histograms under the names of 0.82 as well; what other
   * threads have counted is added.
   */
  async format(others: readonly MetricsSnapshot[] = []): Promise<string> {
    const parts = [await this.read(), ...others];
    const registry = sumMetrics(parts.map(({ metrics }) => metrics));
    const latencies = sumLatencies(parts.map((part) => part.latencies));
    const texts = [await registry.metrics(), this.#latencies.format(latencies)];
    for (const name of this.renamed) {
      const text = await registry.getSingleMetricAsString(name);
      texts.push(text.replaceAll(name, `${name}_bucket`));
    }
    return `${texts.map((text) => text.trim()).join("\n\n")}\n`;
  }

  #addBytes({ service, farLeg }: ProgramNames): void {
    const legs = this.#legs;
    new Counter({
      name: `${service}_bytes_total`,
      help: "Plain bytes of sessions, by leg and direction as seen from this program",
      labelNames: ["leg", "direction"],
      registers: [this.registry],
      collect() {
        this.reset();
        for (const [leg, bytes] of [
          ["client", legs.client],
          [farLeg, legs.database],
        ] as const) {
          this.inc({ leg, direction: "in" }, bytes.in);
          this.inc({ leg, direction: "out" }, bytes.out);
        }
      },
    });
  }
}

function addVersion(registry: Registry, service: ProgramNames["service"], version: string): void {
  const registers = [registry];
  const numbers = version.split(".").map((part) => Number.parseInt(part, 10));
  for (const [index, part] of ["major", "minor", "patch"].entries()) {
    new Gauge({
      name: `${service}_version_${part}`,
      help: `The ${part} number of this version`,
      registers,
    }).set(numbers[index] ?? 0);
  }
  new Gauge({
    name: `${service}_build_info`,
    help: "Always 1; what is running stands in the labels",
    labelNames: ["edition", "version"],
    registers,
  }).set({ edition: "ce", version }, 1);
}
