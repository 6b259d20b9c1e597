/** Lanes between an owner and helpers, in every order in which they may come upon each other. */

import { describe, expect, test } from "bun:test";
import { ACRASTRUCT_HEADER_LENGTH } from "../acrastruct/mod.ts";
import { Board } from "./board.ts";
import { LANE_BYTES, Lane } from "./lane.ts";

const ID = Buffer.from("client_one");

function makeLane(): { readonly owner: Lane; readonly helper: Lane } {
  const memory = new SharedArrayBuffer(LANE_BYTES);
  const owner = new Lane(memory, 0);
  expect(owner.open(ID)).toBe(true);
  return { owner, helper: new Lane(memory, 0) };
}

function headerOf(number: number): Uint8Array {
  const header = new Uint8Array(ACRASTRUCT_HEADER_LENGTH).fill(0x22);
  header[30] = number;
  header[31] = number >> 8;
  return header;
}

function keyOf(number: number): Uint8Array {
  return new Uint8Array(32).fill(number + 1);
}

function numberOf(header: Uint8Array): number {
  return (header[30] ?? 0) | ((header[31] ?? 0) << 8);
}

describe("a lane", () => {
  test("gives the owner the keys that helpers made, newest first, and leaves it the next two", () => {
    const { owner, helper } = makeLane();
    for (let number = 0; number < 6; number++) {
      expect(owner.announce(headerOf(number))).toBe(true);
    }
    const order: number[] = [];
    for (let claim = helper.claim(1); claim !== null; claim = helper.claim(1)) {
      expect(claim.clientId).toBe("client_one");
      order.push(numberOf(claim.header));
      helper.settle(claim, 1, keyOf(numberOf(claim.header)));
    }
    expect(order).toEqual([5, 4, 3, 2]);
    const taken = Array.from({ length: 6 }, (_, number) => owner.take(headerOf(number), 0));
    expect(taken).toEqual([null, null, keyOf(2), keyOf(3), keyOf(4), keyOf(5)]);
    expect(owner.waiting).toBe(0);
  });

  test("forgets what was announced before the one that is taken", () => {
    const { owner, helper } = makeLane();
    for (let number = 0; number < 5; number++) {
      owner.announce(headerOf(number));
    }
    const claim = helper.claim(1);
    expect(owner.take(headerOf(3), 0)).toBeNull();
    expect(owner.waiting).toBe(1);
    expect(owner.take(headerOf(1), 0)).toBeNull();
    expect(claim && numberOf(claim.header)).toBe(4);
  });

  test("does not know an AcraStruct that was not announced", () => {
    const { owner, helper } = makeLane();
    for (let number = 0; number < 5; number++) {
      owner.announce(headerOf(number));
    }
    const claim = helper.claim(1);
    helper.settle(claim ?? { index: 0, clientId: "", header: headerOf(0) }, 1, keyOf(4));
    expect(owner.take(headerOf(77), 0)).toBeNull();
    expect(owner.take(headerOf(4), 0)).toEqual(keyOf(4));
  });

  test("does without a key that is not ready, and is not opened again before that helper is done", () => {
    const { owner, helper } = makeLane();
    for (let number = 0; number < 4; number++) {
      owner.announce(headerOf(number));
    }
    const claim = helper.claim(3);
    expect(owner.take(headerOf(3), 0)).toBeNull();
    owner.close();
    expect(owner.open(ID)).toBe(false);
    if (claim !== null) {
      helper.settle(claim, 3, keyOf(3));
    }
    expect(owner.open(ID)).toBe(true);
    owner.announce(headerOf(9));
    expect(owner.take(headerOf(9), 0)).toBeNull();
  });

  test("takes no more than it has room for, and goes round and round", () => {
    const { owner, helper } = makeLane();
    let accepted = 0;
    while (owner.announce(headerOf(accepted))) {
      accepted++;
    }
    expect(accepted).toBe(256);
    for (let number = 0; number < 1000; number++) {
      const claim = helper.claim(1);
      const claimed = claim === null ? -1 : numberOf(claim.header);
      if (claim !== null) {
        helper.settle(claim, 1, keyOf(claimed & 0x7f));
      }
      const key = owner.take(headerOf(number), 0);
      expect(key === null || key.every((byte) => byte === (number & 0x7f) + 1)).toBe(true);
      expect(owner.announce(headerOf(number + 256))).toBe(true);
    }
  });

  test("keeps no key that nobody took", () => {
    const memory = new SharedArrayBuffer(LANE_BYTES);
    const owner = new Lane(memory, 0);
    owner.open(ID);
    for (let number = 0; number < 8; number++) {
      owner.announce(headerOf(number));
    }
    for (let claim = owner.claim(1); claim !== null; claim = owner.claim(1)) {
      owner.settle(claim, 1, new Uint8Array(32).fill(0xa5));
    }
    const late = owner.claim(1);
    expect(late).toBeNull();
    owner.close();
    expect(new Uint8Array(memory).includes(0xa5)).toBe(false);
  });

  test("leaves a header that did not open to its owner", () => {
    const { owner, helper } = makeLane();
    for (let number = 0; number < 4; number++) {
      owner.announce(headerOf(number));
    }
    const claim = helper.claim(1);
    if (claim !== null) {
      helper.settle(claim, 1, null);
    }
    expect(owner.take(headerOf(3), 0)).toBeNull();
    owner.close();
    expect(owner.open(ID)).toBe(true);
  });
});

test("a board frees what a thread that is gone had claimed, and what it had asked for", () => {
  const memory = Board.allocate(3);
  const owner = new Board(memory, 0).ownLanes[0];
  const gone = new Board(memory, 2);
  const board = new Board(memory, 1);
  owner?.open(ID);
  for (let number = 0; number < 8; number++) {
    owner?.announce(headerOf(number));
  }
  expect(gone.otherLanes.some((lane) => lane.claim(2) !== null)).toBe(true);
  gone.ownLanes[0]?.open(ID);
  gone.ownLanes[0]?.announce(headerOf(1));
  board.release(2);
  expect(owner?.take(headerOf(7), 0)).toBeNull();
  owner?.close();
  expect(owner?.open(ID)).toBe(true);
  expect(new Board(memory, 2).ownLanes[0]?.open(ID)).toBe(true);
});
