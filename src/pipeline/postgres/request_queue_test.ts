/** Which answer belongs to which request, and so which formats the current row has. */

import { describe, expect, test } from "bun:test";
import { rowDescription } from "../../../test/harness/pg_peers.ts";
import { BACKEND } from "../../wire/postgres/mod.ts";
import type { Request } from "./request.ts";
import { RequestQueue } from "./request_queue.ts";

const IDLE = 0x49;
const IN_TRANSACTION = 0x54;
const FAILED = 0x45;

/** A queue that is driven by the letters of the protocol. */
class Rig {
  losses = 0;
  readonly queue = new RequestQueue({ requests: 100, bytes: 1000 }, () => {
    this.losses++;
  });

  constructor() {
    this.queue.ready(IDLE);
  }

  ask(...requests: readonly Request[]): this {
    for (const request of requests) {
      this.queue.asked(request);
    }
    return this;
  }

  /** Messages of the database, one letter each, but for `T` and `Z`. */
  answer(letters: string): this {
    for (const letter of letters) {
      this.queue.answered(letter.charCodeAt(0));
    }
    return this;
  }

  describe(...formats: readonly number[]): this {
    this.queue.described(rowDescription(formats).subarray(5));
    return this;
  }

  ready(status: number = IDLE): this {
    this.queue.ready(status);
    return this;
  }

  expectFormats(formats: readonly number[] | null): this {
    expect(this.queue.formats()).toEqual(formats);
    expect(this.losses).toBe(0);
    return this;
  }

  expectIdle(): void {
    expect({ idle: this.queue.idle, losses: this.losses }).toEqual({ idle: true, losses: 0 });
  }
}

const QUERY: Request = { kind: "query" };
const SYNC: Request = { kind: "sync" };
const PARSE: Request = { kind: "parse" };
const COPY_END: Request = { kind: "copy-end" };

function bind(portal: string, ...formats: readonly number[]): Request {
  return { kind: "bind", portal, formats };
}

function on(kind: "describe" | "execute" | "close", portal: string | null): Request {
  return { kind, portal };
}

/** The usual group of messages, as drivers send it. */
function group(...formats: readonly number[]): Request[] {
  return [PARSE, bind("", ...formats), on("describe", ""), on("execute", "")];
}

describe("simple queries", () => {
  test("take their formats from the RowDescription", () => {
    new Rig().ask(QUERY).describe(0, 1).expectFormats([0, 1]).answer("C").ready().expectIdle();
  });

  test("may hold several statements, each with its own description", () => {
    const rig = new Rig().ask(QUERY).describe(1).expectFormats([1]).answer("C").expectFormats(null);
    rig.describe(0, 0).expectFormats([0, 0]).answer("C").answer("I").ready().expectIdle();
  });

  test("may be sent ahead", () => {
    const rig = new Rig().ask(QUERY, QUERY).describe(1).answer("C").ready();
    expect(rig.queue.idle).toBe(false);
    rig.describe(0).expectFormats([0]).answer("C").ready().expectIdle();
  });

  test("that fail end at ReadyForQuery like others", () => {
    new Rig().ask(QUERY, QUERY).answer("E").ready().describe(1).expectFormats([1]);
  });

  test("forget a description that cannot be read", () => {
    const rig = new Rig().ask(QUERY);
    rig.queue.described(Uint8Array.of(0, 9));
    rig.expectFormats(null);
  });
});

describe("the extended protocol", () => {
  test("takes formats from the portal's Bind", () => {
    new Rig()
      .ask(...group(0, 1), SYNC)
      .answer("12")
      .describe(0, 1)
      .expectFormats([0, 1])
      .answer("C")
      .ready()
      .expectIdle();
  });

  test("keeps portals with different formats apart", () => {
    const rig = new Rig().ask(PARSE, bind("a", 1), bind("b"), on("execute", "b"));
    rig.ask(on("execute", "a"), on("execute", "b"), SYNC).answer("122");
    rig.expectFormats([]).answer("s").expectFormats([1]).answer("C").expectFormats([]);
    rig.answer("C").ready().expectIdle();
  });

  test("gives an unnamed portal the formats of the newest Bind that was completed", () => {
    const rig = new Rig().ask(bind("", 1), on("execute", ""), bind("", 0), on("execute", ""), SYNC);
    rig.answer("2").expectFormats([1]).answer("C").answer("2").expectFormats([0]);
  });

  test("forgets portals that are closed and at the end of the transaction", () => {
    const rig = new Rig().ask(bind("p", 1), bind("q", 1), on("close", "p"), SYNC).answer("223");
    rig.ready(IN_TRANSACTION).ask(on("execute", "p"), on("execute", "q"), SYNC);
    rig.expectFormats(null).answer("C").expectFormats([1]).answer("C").ready(IDLE);
    rig.ask(on("execute", "q")).expectFormats(null);
  });

  test("learns the formats of a portal from its description", () => {
    const rig = new Rig().ask(on("describe", "cursor"), on("execute", "cursor"), SYNC);
    rig.describe(1, 1).expectFormats([1, 1]);
  });

  test("tells statements without rows and descriptions of statements", () => {
    const rig = new Rig().ask(PARSE, on("describe", null), on("describe", null), SYNC);
    rig.answer("1tnt").describe(0).ready().expectIdle();
  });

  test("does not know the formats of a Bind that was too large to be read", () => {
    const rig = new Rig().ask({ kind: "bind", portal: null, formats: null }, on("execute", ""));
    rig.answer("2").expectFormats(null);
  });
});

describe("an error", () => {
  test("passes over everything up to the next Sync", () => {
    const rig = new Rig().ask(...group(0), ...group(1), SYNC, ...group(1), SYNC);
    rig.answer("12").answer("E").ready(FAILED);
    rig.answer("12").describe(1).expectFormats([1]).answer("C").ready().expectIdle();
  });

  test("passes over what is asked afterwards too, simple queries included, until a Sync", () => {
    const rig = new Rig().ask(PARSE, bind("", 1)).answer("E");
    rig.ask(on("execute", ""), QUERY, PARSE, SYNC, PARSE, SYNC).ready();
    expect(rig.queue.idle).toBe(false);
    rig.answer("1").ready().expectIdle();
  });

  test("at Sync itself is followed by the ReadyForQuery of that Sync", () => {
    new Rig()
      .ask(PARSE, SYNC, QUERY)
      .answer("1")
      .answer("E")
      .ready()
      .describe(1)
      .expectFormats([1]);
  });

  test("when nothing was asked is no answer", () => {
    new Rig().answer("E").expectIdle();
  });
});

describe("copy", () => {
  test("out of the database changes nothing", () => {
    new Rig().ask(QUERY).answer("HddcC").ready().expectIdle();
    new Rig()
      .ask(...group(), SYNC)
      .answer("12nHdcC")
      .ready()
      .expectIdle();
  });

  test("into the database ends with CopyDone", () => {
    new Rig().ask(QUERY).answer("G").ask(COPY_END).answer("C").ready().expectIdle();
  });

  test("into the database passes over a Sync that was sent ahead, but not over the next one", () => {
    const rig = new Rig()
      .ask(...group(), SYNC)
      .answer("12n")
      .answer("G");
    rig.ask(SYNC, COPY_END, SYNC).answer("C").ready();
    rig.ask(QUERY).describe(1).expectFormats([1]).answer("C").ready().expectIdle();
  });

  test("into the database may be sent ahead with all its data", () => {
    const rig = new Rig()
      .ask(...group(), SYNC, COPY_END, SYNC, QUERY)
      .answer("12nGC")
      .ready();
    rig.describe(1).expectFormats([1]).answer("C").ready().expectIdle();
  });

  test("that fails passes over the rest of its data", () => {
    const rig = new Rig().ask(QUERY, COPY_END, QUERY).answer("G").answer("E").ready();
    rig.describe(0).expectFormats([0]).answer("C").ready().expectIdle();
    new Rig().ask(QUERY).answer("GE").ask(COPY_END).ready().expectIdle();
  });

  test("that fails before its Sync was passed over finds the way back", () => {
    const rig = new Rig()
      .ask(...group(), SYNC)
      .answer("12nGE")
      .ready();
    rig.ask(COPY_END, SYNC).ready().ask(QUERY).describe(1).expectFormats([1]);
  });

  test("in both directions ends with the query", () => {
    new Rig().ask(QUERY).answer("Wdd").ask(COPY_END).answer("dcC").ready().expectIdle();
  });
});

test("a function call ends at ReadyForQuery", () => {
  new Rig()
    .ask({ kind: "function-call" }, QUERY)
    .answer("V")
    .ready()
    .describe(1)
    .expectFormats([1]);
});

test("messages that nobody asked for are no answers", () => {
  const rig = new Rig().ask(...group(1), SYNC);
  rig.answer("NAS1NA2S").describe(1).expectFormats([1]).answer("NC").ready().expectIdle();
});

test("what comes before the first ReadyForQuery answers nothing", () => {
  const queue = new RequestQueue({ requests: 9, bytes: 9 }, () => expect().fail("lost"));
  queue.asked(QUERY);
  for (const type of [BACKEND.authentication, BACKEND.parameterStatus, BACKEND.backendKeyData]) {
    queue.answered(type);
  }
  expect(queue.started).toBe(false);
  queue.ready(IDLE);
  expect({ started: queue.started, idle: queue.idle }).toEqual({ started: true, idle: false });
  queue.described(rowDescription([1]).subarray(5));
  expect(queue.formats()).toEqual([1]);
});

test("the queue is idle outside of transactions only", () => {
  const { queue } = new Rig().ask(QUERY).answer("C").ready(IN_TRANSACTION);
  expect(queue.idle).toBe(false);
});

test.each(["1", "2", "3", "t", "n", "s", "C", "I", "V", "G", "H", "W"])(
  "an answer %p that nothing brings loses track once, and formats are unknown from then on",
  (letter) => {
    const rig = new Rig().answer(letter).answer(letter);
    expect({ losses: rig.losses, lost: rig.queue.lost }).toEqual({ losses: 1, lost: true });
    rig.ask(QUERY).describe(1);
    expect(rig.queue.formats()).toBeNull();
    expect(rig.queue.idle).toBe(false);
    rig.ready();
    expect(rig.queue.idle).toBe(true);
  },
);

test("a description that nothing brings loses track", () => {
  expect(new Rig().describe(1).losses).toBe(1);
});

test("the queue tells when a session demands too much memory", () => {
  const many = new Rig().ask(...new Array<Request>(100).fill(PARSE));
  expect(many.queue.overflown).toBe(false);
  expect(many.ask(PARSE).queue.overflown).toBe(true);

  const long = new Rig()
    .ask(bind("n".repeat(600), 1))
    .answer("2")
    .ask(bind("m".repeat(399)));
  expect(long.queue.overflown).toBe(false);
  expect(long.ask(on("describe", "x")).queue.overflown).toBe(true);
  expect(long.ask(SYNC).answer("2").describe().ready().queue.overflown).toBe(false);
});

test("sizes are given back when an error passes over requests", () => {
  const rig = new Rig();
  for (let round = 0; round < 20; round++) {
    rig
      .ask(bind("n".repeat(300), 1), on("execute", "n".repeat(300)), SYNC)
      .answer("E")
      .ready();
  }
  expect(rig.queue.overflown).toBe(false);
});

test("sizes are given back when portals are bound anew or closed", () => {
  const rig = new Rig();
  const name = "n".repeat(300);
  for (let round = 0; round < 20; round++) {
    rig.ask(bind(name, 1), bind(name), on("close", name), SYNC).answer("223").ready(IN_TRANSACTION);
  }
  expect(rig.queue.overflown).toBe(false);
});
