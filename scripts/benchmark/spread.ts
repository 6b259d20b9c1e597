/** Medians of rounds, and how far the rounds lie apart. */

/** What several rounds say. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @returns `null` when there is no value. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) {
    return null;
  }
  return { median: quantile(sorted, 0.5), min, max };
}

/** The value below which that share of the sorted values lies, drawn on between neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/** `1.47 (1.41–1.55)`; a dash for nothing. */
export function formatSpread(spread: Spread | null, digits: number): string {
  if (spread === null) {
    return "–";
  }
  const [middle, low, high] = [spread.median, spread.min, spread.max].map((value) =>
    value.toFixed(digits),
  );
  return low === high ? `${middle}` : `${middle} (${low}–${high})`;
}
