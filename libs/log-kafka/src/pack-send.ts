import type { PendingAppend } from './pending-append.ts';
import { BATCH_OVERHEAD_BYTES } from './record-size.ts';

export type SendLimits = {
  /** The client groups the records of a partition by copying a growing array, so their number is what costs. */
  readonly recordsPerPartition: number;
  readonly bytes: number;
};

/** The records from `from` up to `to` of a pending append. */
export type PackedPart = { readonly append: PendingAppend; readonly from: number; readonly to: number };

/**
 * What goes into the next send: whole appends from the front of the queue, the last one possibly in part. It stops at the first record that
 * does not fit, so no record overtakes another. At least one record is packed; the caller refuses records that no batch can hold.
 */
export function packSend(queue: Iterable<PendingAppend>, limits: SendLimits): PackedPart[] {
  const parts: PackedPart[] = [];
  const partitions = new Map<string, { bytes: number; records: number }>();
  let bytes = 0;
  for (const append of queue) {
    if (parts.length > 0 && (append.alone || parts[0]?.append.alone)) break;
    const from = append.positions.length;
    let to = from;
    for (; to < append.records.length; to++) {
      const record = append.records[to];
      if (record === undefined) break;
      const key = `${append.kafkaTopic}/${record.partition}`;
      const batch = partitions.get(key) ?? { bytes: BATCH_OVERHEAD_BYTES, records: 0 };
      const fits =
        batch.bytes + record.bytes <= append.maxBatchBytes &&
        batch.records < limits.recordsPerPartition &&
        bytes + record.bytes <= limits.bytes;
      if (!fits && partitions.size > 0) break;
      partitions.set(key, { bytes: batch.bytes + record.bytes, records: batch.records + 1 });
      bytes += record.bytes;
    }
    if (to > from) parts.push({ append, from, to });
    if (to < append.records.length) break;
  }
  return parts;
}
