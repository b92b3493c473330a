const DURATIONS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'm'],
  [1_000, 's'],
] as const;

const SIZES = [
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
] as const;

/** The shortest exact text in one unit: 120000 is `2m`, 90000 is `90s`. */
export function formatDuration(durationMs: number): string {
  return inLargestUnit(durationMs, DURATIONS, 'ms');
}

/** The shortest exact text in one unit: 65536 is `64KiB`. */
export function formatBytes(size: number): string {
  return inLargestUnit(size, SIZES, 'B');
}

function inLargestUnit(value: number, units: readonly (readonly [number, string])[], smallest: string): string {
  if (value === 0) return '0';
  for (const [factor, name] of units) {
    if (value % factor === 0) return `${value / factor}${name}`;
  }
  return `${value}${smallest}`;
}
