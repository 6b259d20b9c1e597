/** What an application asked for and has not been answered yet, one object for each message. */

import type { ResultFormats } from "../../wire/postgres/mod.ts";

/** A request that brings an answer. Names and formats are `null` where they could not be read. */
export type Request =
  | { readonly kind: "query" | "function-call" | "sync" | "parse" }
  | {
      readonly kind: "bind";
      readonly portal: string | null;
      readonly formats: ResultFormats | null;
    }
  /** `portal` is `null` for a statement too. */
  | { readonly kind: "describe" | "execute" | "close"; readonly portal: string | null }
  /** CopyDone or CopyFail: brings no answer of its own, but ends the copy that it belongs to. */
  | { readonly kind: "copy-end" };

/** Bytes of names and formats that a request keeps in memory. */
export function sizeOf(request: Request): number {
  switch (request.kind) {
    case "bind":
      return (request.portal?.length ?? 0) + (request.formats?.length ?? 0);
    case "describe":
    case "execute":
    case "close":
      return request.portal?.length ?? 0;
    case "query":
    case "function-call":
    case "sync":
    case "parse":
    case "copy-end":
      return 0;
  }
}

/** Whether it is ReadyForQuery that ends the answer. */
export function endsWithReady({ kind }: Request): boolean {
  return kind === "query" || kind === "function-call" || kind === "sync";
}
