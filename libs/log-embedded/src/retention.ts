export type RetentionLimits = {
  readonly nowMs: number;
  readonly retentionMs: number;
  readonly retentionBytes: number | undefined;
};

/**
 * Whether the oldest record of a partition may go: it is older than `retentionMs`, or the partition holds more than `retentionBytes`. Never one
 * at or above `floor`, the lowest offset that a configured group still needs.
 */
export function isExpired(
  oldest: { readonly offset: number; readonly appendedAtMs: number },
  partitionBytes: number,
  floor: number,
  limits: RetentionLimits,
): boolean {
  if (oldest.offset >= floor) return false;
  if (limits.nowMs - oldest.appendedAtMs > limits.retentionMs) return true;
  return limits.retentionBytes !== undefined && partitionBytes > limits.retentionBytes;
}
