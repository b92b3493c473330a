export type MedianAndMax = { readonly median: number; readonly max: number };

/** Of durations, in whole milliseconds; both 0 where there are none. Of an even number the upper one in the middle counts. */
export function medianAndMax(durationsMs: readonly number[]): MedianAndMax {
  const sorted = durationsMs.toSorted((a, b) => a - b);
  return { median: Math.round(sorted[sorted.length >> 1] ?? 0), max: Math.round(sorted.at(-1) ?? 0) };
}
