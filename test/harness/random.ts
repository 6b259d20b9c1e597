/** Random choices; `seededRandom` of pg_peers makes the same ones again. */

/** Answers numbers from 0 up to 1. */
export type Random = () => number;

/** A whole number from 0 up to the limit, which is left out. */
export function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** One of the items. */
export function pick<Item>(items: ArrayLike<Item>, random: Random): Item {
  const item = items[below(items.length, random)];
  if (item === undefined) {
    throw new RangeError("nothing to pick from");
  }
  return item;
}

/** As many items as `count` says. */
export function several<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Any bytes. */
export function anyBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => below(256, random));
}
