/** What a server needs to run: settings turned into parts, nothing of flags or files. */

import type { ServerKeys } from "../keystore/mod.ts";
import type { Logger } from "../log/mod.ts";
import type { ByteaFormat, CellMode } from "../pipeline/mod.ts";
import type { Endpoint } from "../transport/mod.ts";

/** How peers reach the server and where the client id comes from (acra-formats.md §5.3, §5.5). */
export type ServerTransport =
  | { readonly kind: "secure-session" }
  | { readonly kind: "raw"; readonly clientId: string };

/** What happens when a poison record is read (acra-cli.md §7.5). */
export interface PoisonOptions {
  readonly detect: boolean;
  /** File to run, or an empty string. */
  readonly scriptFile: string;
  readonly shutdown: boolean;
}

/** Everything that `startServer` needs. */
export interface ServerOptions {
  readonly listen: Endpoint;
  readonly database: Endpoint;
  readonly transport: ServerTransport;
  readonly keys: ServerKeys;
  /** Whether AcraStructs are opened by zone, and by nothing else (acra-formats.md §2.3). */
  readonly zoneMode: boolean;
  readonly cellMode: CellMode;
  readonly byteaFormat: ByteaFormat;
  readonly poison: PoisonOptions;
  /** How long running sessions may take to end at a stop, in ms. */
  readonly closeTimeoutMs: number;
  readonly log: Logger;
}
