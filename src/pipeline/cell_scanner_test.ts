/** Cells in both modes, with stages made for the test. */

import { describe, expect, test } from "bun:test";
import { vectorKey } from "../../test/harness/session_rig.ts";
import { ACRASTRUCT_TAG, sealAcraStruct } from "../acrastruct/mod.ts";
import { concatBytes } from "../bytes/mod.ts";
import { type CellMode, RAW_FORM } from "./cell_form.ts";
import { CellScanner } from "./cell_scanner.ts";
import { createDecryptor } from "./decryptor.ts";
import { createPoisonAlarm } from "./poison_alarm.ts";
import { formsOf } from "./postgres/cell_forms.ts";
import type { SessionEvents } from "./session_events.ts";
import type { Stage, StageVerdict, Steps } from "./stage.ts";

const STRUCT = sealAcraStruct(Buffer.from("text"), vectorKey("client_storage").publicKey);
const FOREIGN = sealAcraStruct(Buffer.from("text"), vectorKey("alice_01_storage").publicKey);
const FORMS = formsOf(0, "hex");

/** Opens everything of the length of `STRUCT`, or answers what it is told to. */
function fakeStage(verdict: StageVerdict, seen: string[] = [], name = "stage"): Stage {
  return {
    open() {
      seen.push(name);
      return verdict;
    },
  };
}

const OPENS: StageVerdict = {
  kind: "opened",
  plaintext: Buffer.from("!"),
  length: STRUCT.length,
};

function ignoreEvents(over: Partial<SessionEvents> = {}): SessionEvents {
  const nothing = (): void => {};
  return {
    decrypted: nothing,
    decryptFailed: nothing,
    poisonChecked: nothing,
    keyMissing: nothing,
    keyUnreadable: nothing,
    droppedBytes: nothing,
    rowTooLarge: nothing,
    rowMalformed: nothing,
    trackingLost: nothing,
    tlsUnavailable: nothing,
    channelBindingImpossible: nothing,
    ...over,
  };
}

function run<Result>(steps: Steps<Result>): { result: Result; steps: string[] } {
  const seen: string[] = [];
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return { result: step.value, steps: seen };
    }
    seen.push(step.value);
  }
}

function scan(
  mode: CellMode,
  stages: readonly Stage[],
  cell: Uint8Array,
  events: SessionEvents = ignoreEvents(),
): { result: string | null; steps: string[] } {
  const { result, steps } = run(new CellScanner({ mode, stages }, events).scan(cell, FORMS));
  return { result: result === null ? null : Buffer.from(result).toString("latin1"), steps };
}

test("stages are asked in their order until one answers", () => {
  const seen: string[] = [];
  const stages = [
    fakeStage(null, seen, "first"),
    fakeStage({ kind: "alarm" }, seen, "second"),
    fakeStage(OPENS, seen, "third"),
  ];
  expect(scan("whole-cell", stages, STRUCT)).toEqual({ result: null, steps: ["alarm"] });
  expect(seen).toEqual(["first", "second"]);
});

test("stages see rows begin, and whole cells before candidates; looking may be work", () => {
  const seen: string[] = [];
  const stage: Stage = {
    beginRow: () => seen.push("row"),
    *look(cell, forms) {
      seen.push(`look ${cell.length} ${forms.length}`);
      yield "work";
    },
    open: (bytes, offset) => {
      seen.push(`open ${bytes.length} ${offset}`);
      return null;
    },
  };
  const scanner = new CellScanner({ mode: "injected-cell", stages: [stage] }, ignoreEvents());
  scanner.beginRow();
  expect(run(scanner.scan(Buffer.from("\\x0102"), FORMS)).steps).toEqual(["work"]);
  run(scanner.scan(concatBytes(Buffer.from("ab"), STRUCT), FORMS));
  expect(seen).toEqual(["row", "look 6 4", "look 195 4", "open 195 2"]);
});

test("only a candidate with the form of a header is offered", () => {
  const seen: string[] = [];
  const cell = concatBytes(ACRASTRUCT_TAG, new Uint8Array(300));
  for (const mode of ["whole-cell", "injected-cell"] as const) {
    expect(scan(mode, [fakeStage(OPENS, seen)], cell)).toEqual({ result: null, steps: [] });
  }
  expect(seen).toEqual([]);
});

describe("whole-cell mode", () => {
  test.each([
    [new Uint8Array(), []],
    [Buffer.from([0, 0x20, 0, 0x20]), []],
    [Buffer.from([0, 0, 1]), [3]],
    [Buffer.from("xy"), [2]],
  ])("drops %p behind the struct and tells of what is no padding", (rest, told) => {
    const dropped: number[] = [];
    const events = ignoreEvents({ droppedBytes: (count) => dropped.push(count) });
    const { result } = scan("whole-cell", [fakeStage(OPENS)], concatBytes(STRUCT, rest), events);
    expect(result).toBe("!");
    expect(dropped).toEqual(told);
  });
});

describe("injected-cell mode", () => {
  test("replaces every struct and keeps all between, before and behind them", () => {
    const cell = concatBytes(Buffer.from("a"), STRUCT, Buffer.from("bc"), STRUCT, Buffer.from("d"));
    expect(scan("injected-cell", [fakeStage(OPENS)], cell)).toEqual({
      result: "a!bc!d",
      steps: ["work", "work"],
    });
  });

  test("yields now and then while nothing but tags are found", () => {
    const cell = new Uint8Array(20_000).fill(0x22);
    const { result, steps } = scan("injected-cell", [fakeStage(OPENS)], cell);
    expect(result).toBeNull();
    expect(steps.length).toBe(Math.floor((20_000 - 7) / 4096));
  });

  test("holds as many structs as a large cell can", () => {
    const cell = concatBytes(...new Array<Uint8Array>(3000).fill(STRUCT));
    const { result, steps } = scan("injected-cell", [fakeStage(OPENS)], cell);
    expect(result).toBe("!".repeat(3000));
    expect(steps.length).toBe(3000);
  });
});

test("a plaintext as long as its cell still replaces it", () => {
  const plaintext = Buffer.alloc(STRUCT.length, 0x7a);
  const stage = fakeStage({ kind: "opened", plaintext, length: STRUCT.length });
  const scanner = new CellScanner({ mode: "whole-cell", stages: [stage] }, ignoreEvents());
  expect(run(scanner.scan(STRUCT, [RAW_FORM])).result).toEqual(plaintext);
});

test.each(["hex", "escape"] as const)(
  "every form is understood when %s is preferred",
  (preferred) => {
    const hex = Buffer.from(STRUCT).toString("hex");
    const escaped = Array.from(STRUCT, (byte) =>
      byte === 0x5c
        ? "\\\\"
        : byte >= 0x20 && byte < 0x7f
          ? String.fromCharCode(byte)
          : `\\${byte.toString(8).padStart(3, "0")}`,
    ).join("");
    const scanner = new CellScanner(
      { mode: "whole-cell", stages: [fakeStage(OPENS)] },
      ignoreEvents(),
    );
    const results = [`\\x${hex}`, hex, escaped, STRUCT].map((cell) => {
      const { result } = run(scanner.scan(Buffer.from(cell as string), formsOf(0, preferred)));
      return result && Buffer.from(result).toString();
    });
    expect(results).toEqual(["\\x21", "\\x21", "!", "!"]);
    const binary = run(scanner.scan(STRUCT, formsOf(1, preferred))).result;
    expect(binary && Buffer.from(binary).toString()).toBe("!");
  },
);

describe("the stages of the server", () => {
  test("count what opened, what did not, and what was checked for poison", () => {
    const counts = { decrypted: 0, failed: 0, checked: 0 };
    const events = ignoreEvents({
      decrypted: () => counts.decrypted++,
      decryptFailed: () => counts.failed++,
      poisonChecked: () => counts.checked++,
    });
    const stages = [
      createDecryptor(() => vectorKey("client_storage"), events),
      createPoisonAlarm(() => vectorKey(".poison_key/poison_key"), events),
    ];
    expect(scan("injected-cell", stages, concatBytes(STRUCT, FOREIGN), events).steps).toEqual([
      "work",
      "work",
    ]);
    expect(counts).toEqual({ decrypted: 1, failed: 1, checked: 1 });
  });

  test("tell of a missing or unreadable key once and go on", () => {
    const told: string[] = [];
    const events = ignoreEvents({
      keyMissing: (kind) => told.push(`no ${kind}`),
      keyUnreadable: (kind, error) => told.push(`${kind}: ${String(error)}`),
    });
    const stages = [
      createDecryptor(() => null, events),
      createPoisonAlarm(() => {
        throw new RangeError("broken");
      }, events),
    ];
    const cell = concatBytes(STRUCT, STRUCT);
    expect(scan("injected-cell", stages, cell, events).result).toBeNull();
    expect(told).toEqual(["no storage", "poison: RangeError: broken"]);
  });

  test("see a key that appears later, and one that was replaced", () => {
    let path: string | null = null;
    const stage = createDecryptor(() => (path === null ? null : vectorKey(path)), ignoreEvents());
    const open = () => stage.open(STRUCT, 0)?.kind ?? null;
    expect(open()).toBeNull();
    path = "client_storage";
    expect(open()).toBe("opened");
    path = "alice_01_storage";
    expect(open()).toBeNull();
  });
});
