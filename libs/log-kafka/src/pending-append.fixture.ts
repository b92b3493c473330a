import type { PendingAppend } from './pending-append.ts';

/** An append that nobody waits for; its records as partition and bytes. */
export function pendingAppend(
  logTopic: string,
  records: readonly (readonly [partition: number, bytes: number])[],
  maxBatchBytes = 1_000_000,
): PendingAppend {
  return {
    logTopic,
    kafkaTopic: `test.${logTopic}`,
    maxBatchBytes,
    records: records.map(([partition, bytes], index) => ({
      partition,
      bytes,
      message: { key: null, value: `${logTopic}-${index}`, partition },
    })),
    bytes: records.reduce((sum, [, bytes]) => sum + bytes, 0),
    deadlineMs: 1_000,
    resolve: () => {},
    reject: () => {},
    positions: [],
    alone: false,
    settled: false,
  };
}
