/** What a partition holds: offsets from `low` up to, not including, `high`. */
export type OffsetRange = { readonly low: bigint; readonly high: bigint };

export type StartOffset = {
  readonly offset: bigint;
  /** `removed`: retention has taken records that were not read. `truncated`: the partition ends before where we stood, so it lost records. */
  readonly trouble?: 'removed' | 'truncated';
};

/**
 * Where reading begins for somebody who stood at `wanted` (negative or undefined: nowhere yet). What is not there any more means from the beginning, never
 * from the end: to hand records out again is harmless, to pass over them is not.
 */
export function startOffset(wanted: bigint | undefined, { low, high }: OffsetRange): StartOffset {
  if (wanted === undefined || wanted < 0n) return { offset: low };
  if (wanted < low) return { offset: low, trouble: 'removed' };
  if (wanted > high) return { offset: low, trouble: 'truncated' };
  return { offset: wanted };
}
