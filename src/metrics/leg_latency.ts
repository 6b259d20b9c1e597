/**
 * How long the steps of each leg take. Answers are timed for each request, so a step is counted in
 * plain numbers; the text of the series is made of them when somebody asks.
 */

/** Upper bounds in seconds, from a neighbour on the machine to the limit of every step but the last. */
const BOUNDS = [
  1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/**
 * - `connect`: until the connection stands that we make.
 * - `handshake`: until both sides have proved who they are.
 * - `answer`: from a request on an idle leg to the first byte that comes back.
 */
export type LegStep = "connect" | "handshake" | "answer";

/** One of the two connections of a session; `database` is the far one, whatever is there. */
export type LegName = "client" | "database";

/** One series. */
class Durations {
  /** By the first bound that holds; the last one is for those beyond all bounds. */
  readonly counts: number[] = Array(BOUNDS.length + 1).fill(0);
  sum = 0;

  add(seconds: number): void {
    let index = 0;
    while (index < BOUNDS.length && seconds > (BOUNDS[index] ?? 0)) {
      index++;
    }
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += seconds;
  }
}

/** Plain numbers of all series, by their labels. */
export type LatencySeries = Readonly<
  Record<string, { readonly counts: readonly number[]; readonly sum: number }>
>;

/** The series of one program. */
export class LegLatencies {
  readonly #name: string;
  readonly #labels: Readonly<Record<LegName, string>>;
  readonly #series = new Map<string, Durations>();

  /** `farLeg` is how the label calls the leg away from the application. */
  constructor(service: string, farLeg: string) {
    this.#name = `${service}_leg_latency_seconds`;
    this.#labels = { client: "client", database: farLeg };
  }

  /** Where the times of one step are added to. */
  of(leg: LegName, step: LegStep): { add(seconds: number): void } {
    const labels = `leg="${this.#labels[leg]}",step="${step}"`;
    const known = this.#series.get(labels);
    if (known !== undefined) {
      return known;
    }
    const durations = new Durations();
    this.#series.set(labels, durations);
    return durations;
  }

  /** The numbers as they are now. */
  read(): LatencySeries {
    return Object.fromEntries(
      [...this.#series].map(([labels, { counts, sum }]) => [labels, { counts: [...counts], sum }]),
    );
  }

  /** The text format 0.0.4; steps that never happened are left out. */
  format(series: LatencySeries = this.read()): string {
    const lines = [
      `# HELP ${this.#name} Time that a step of a leg took, in seconds`,
      `# TYPE ${this.#name} histogram`,
    ];
    for (const [labels, { counts, sum }] of Object.entries(series)) {
      let total = 0;
      const buckets = counts.map((count, index) => {
        total += count;
        return `${this.#name}_bucket{${labels},le="${BOUNDS[index] ?? "+Inf"}"} ${total}`;
      });
      if (total > 0) {
        lines.push(...buckets, `${this.#name}_sum{${labels}} ${sum}`);
        lines.push(`${this.#name}_count{${labels}} ${total}`);
      }
    }
    return lines.join("\n");
  }
}

/** Counts the time that setting something up takes, when it succeeds; nobody counts for `null`. */
export async function timeStep<Result>(
  metrics: { stepTook(leg: LegName, step: LegStep, ms: number): void } | null,
  leg: LegName,
  step: LegStep,
  work: () => Promise<Result>,
): Promise<Result> {
  const start = performance.now();
  const result = await work();
  metrics?.stepTook(leg, step, performance.now() - start);
  return result;
}
