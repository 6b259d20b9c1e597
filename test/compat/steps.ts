/** What a case is made of; every driver program in `drivers/` understands these steps. */

/** A parameter: `times` repeats the bytes. */
export type Value = string | number | boolean | null | { readonly hex: string; times?: number };

/** How a query is to travel; the driver's usual way when not said. */
export interface Travel {
  readonly protocol?: "simple" | "extended" | "prepared";
  readonly format?: "text" | "binary";
}

/** One thing that a driver is asked to do. */
export type Step =
  | ({ op: "query"; sql: string; params?: readonly Value[]; times?: number } & Travel)
  /** Several statements in one simple query. */
  | { op: "statements"; sql: string }
  /** Sent without waiting for the answer before. */
  | { op: "pipeline"; queries: readonly string[] }
  /** Read `fetch` rows at a time in the driver's own way; left after `stop` rows. */
  | { op: "parts"; sql: string; fetch: number; stop?: number }
  | { op: "copy_out"; sql: string }
  | {
      op: "copy_in";
      table: string;
      columns: readonly string[];
      rows: readonly string[][];
      /** The database will refuse it. */
      refused?: boolean;
    }
  /** What `out` gives is what `into` takes. */
  | { op: "copy_through"; out: string; into: string }
  | { op: "listen"; channel: string; payload: string }
  | { op: "cancel"; sql: string }
  | { op: "notices"; sql: string }
  /** Made, written, read and removed by the driver's own functions, or those of SQL. */
  | { op: "large_object"; hex: string; times: number }
  /** Connects with something wrong. */
  | { op: "login"; password?: string; database?: string }
  /** Connects with this sslmode, and asks whether TLS is on. */
  | { op: "tls"; mode: "disable" | "prefer" | "require" | "verify-full" };

/** A case of the contract. */
export interface Case {
  readonly id: string;
  /** As in the table. */
  readonly title: string;
  readonly steps: readonly Step[];
  /** What must be in the answer that comes from the database itself. */
  readonly expect?: readonly string[];
}
