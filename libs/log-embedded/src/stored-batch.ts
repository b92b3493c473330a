import type { LogPartition, LogRecord } from '@belfry/core/log';
import type { StoredBatch } from './log-storage.ts';
import { readRecord } from './record-codec.ts';

/** The records of a batch as the thread checked and packed them. Their values share the batch's buffer. */
export function unpackBatch({ logTopic, partition }: LogPartition, batch: StoredBatch): LogRecord[] {
  const bytes = Buffer.from(batch.packed);
  const records: LogRecord[] = [];
  let at = 0;
  for (let index = 0; index < batch.count; index++) {
    const start = at + 4;
    at = start + bytes.readUInt32BE(at);
    records.push(readRecord(bytes, start, at, { logTopic, partition, offset: batch.first + index }));
  }
  return records;
}
