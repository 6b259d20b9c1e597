/** The session of a program that looks at nothing: what the connector runs between its two legs. */

import type { Action, ProtocolSession, SessionFailure, Side } from "../pipeline/mod.ts";

const NOTHING: readonly Action[] = [];

/** Forwards every byte to the other side. */
export class PassThroughSession implements ProtocolSession {
  readonly phase: string = "ready";
  readonly idle: boolean = false;
  /** Nothing is known of what goes through, so that nobody can be said to break it off. */
  readonly settled: boolean = true;

  receive(from: Side, bytes: Uint8Array): readonly Action[] {
    return [{ kind: "send", to: from === "client" ? "database" : "client", buffers: [bytes] }];
  }

  resume(_from: Side): readonly Action[] {
    return NOTHING;
  }

  hasWork(_from: Side): boolean {
    return false;
  }

  end(_from: Side): readonly Action[] {
    return NOTHING;
  }

  /** Never called: this session starts no TLS. */
  secured(_side: Side): readonly Action[] {
    return NOTHING;
  }

  securingFailed(_side: Side): readonly Action[] {
    return NOTHING;
  }

  release(): void {}

  fail(_failure: SessionFailure): readonly Action[] {
    return [{ kind: "close", reason: "the program ends the session", error: false }];
  }
}
