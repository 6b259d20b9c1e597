/** What a server counts beyond connections and bytes: AcraStructs, poison records, the time that rows take. */

import { ProgramMetrics } from "./program_metrics.ts";
import { Counter, Histogram } from "./prom_client.ts";

/** Bounds of the work on one chunk, in seconds (acra-cli.md §12). */
const WORK_BOUNDS = [
  1e-6, 1e-5, 2e-5, 3e-5, 4e-5, 5e-5, 6e-5, 7e-5, 8e-5, 9e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 1,
];
const DATABASE = "postgresql";

/** How AcraStructs are looked for, in the words of the label. */
const MODES = { "whole-cell": "wholecell", "injected-cell": "inlinecell" } as const;

/** The series of a server; the label `mode` is that of its start. */
export class ServerMetrics extends ProgramMetrics {
  readonly #acraStructs = { success: 0, fail: 0, ahead: 0 };
  readonly #poisonAlarms: Counter;
  readonly #requests: { observe(seconds: number): void };
  readonly #responses: { observe(seconds: number): void };

  /** `version` as in {@link ProgramNames}. */
  constructor(version: string | null, cellMode: "whole-cell" | "injected-cell") {
    super({ service: "acraserver", farLeg: "database", version });
    const acraStructs = this.#acraStructs;
    const registers = [this.registry];
    new Counter({
      name: "acra_acrastruct_decryptions_total",
      help: "AcraStructs that were opened, or could not be",
      labelNames: ["status"],
      registers,
      collect() {
        this.reset();
        this.inc({ status: "success" }, acraStructs.success);
        this.inc({ status: "fail" }, acraStructs.fail);
      },
    });
    new Counter({
      name: "acraserver_data_keys_ahead_total",
      help: "Data keys that another worker had unwrapped when a session needed them",
      registers,
      collect() {
        this.reset();
        this.inc(acraStructs.ahead);
      },
    });
    this.#poisonAlarms = new Counter({
      name: "acraserver_poison_alarms_total",
      help: "Poison records that were recognised",
      registers,
    });
    this.#requests = new Histogram({
      name: "acraserver_request_processing_seconds",
      help: "Work on one chunk from the client, in seconds",
      labelNames: ["db"],
      buckets: WORK_BOUNDS,
      registers,
    }).labels(DATABASE);
    this.#responses = new Histogram({
      name: "acraserver_response_processing_seconds",
      help: "Work on one chunk from the database, in seconds",
      labelNames: ["db", "mode"],
      buckets: WORK_BOUNDS,
      registers,
    }).labels(DATABASE, MODES[cellMode]);
    this.renamed.push(
      "acraserver_request_processing_seconds",
      "acraserver_response_processing_seconds",
    );
  }

  /** An AcraStruct was opened. */
  decrypted(): void {
    this.#acraStructs.success++;
  }

  /** Something with the whole header of an AcraStruct was not opened. */
  decryptFailed(): void {
    this.#acraStructs.fail++;
  }

  /** Another worker had a data key ready. */
  keyAhead(): void {
    this.#acraStructs.ahead++;
  }

  /** A poison record was recognised. */
  poisonAlarm(): void {
    this.#poisonAlarms.inc();
  }

  override worked(from: "client" | "database", ms: number): void {
    (from === "client" ? this.#requests : this.#responses).observe(ms / 1e3);
  }
}
