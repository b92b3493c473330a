import type { AppendedPosition, Log, NewLogRecord } from '@belfry/core/log';
import { partitionOf } from '@belfry/core/partitioner';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { AppendQueue, type AppendQueueOptions } from './append-queue.ts';
import type { PreparedRecord } from './pending-append.ts';
import { BATCH_OVERHEAD_BYTES, recordBytes } from './record-size.ts';
import type { TopicDirectory, TopicFacts } from './topic-directory.ts';

export type KafkaAppendOptions = Omit<AppendQueueOptions, 'onMissingTopic'> & { readonly directory: TopicDirectory };

export type KafkaAppend = { readonly append: Log['append']; close(): Promise<void> };

/** `append` of the port: partitions by our own murmur2, sizes checked before anything is sent, then the queue. */
export function createKafkaAppend({ directory, ...options }: KafkaAppendOptions): KafkaAppend {
  const queue = new AppendQueue({
    ...options,
    async onMissingTopic(logTopic) {
      directory.forget(logTopic);
      await directory.find(logTopic);
    },
  });
  let closed = false;

  return {
    async append(logTopic, records): Promise<readonly AppendedPosition[]> {
      if (closed) throw new UnavailableError('log-unavailable', 'the log is closed');
      const facts = directory.known(logTopic) ?? (await directory.find(logTopic));
      if (closed) throw new UnavailableError('log-unavailable', 'the log is closed');
      if (records.length === 0) return [];
      return queue.add({ ...facts, logTopic, records: records.map((record) => prepare(record, logTopic, facts)) });
    },
    async close() {
      closed = true;
      await queue.close();
    },
  };
}

function prepare(record: NewLogRecord, logTopic: string, { partitions, maxBatchBytes }: TopicFacts): PreparedRecord {
  const bytes = recordBytes(record);
  if (bytes + BATCH_OVERHEAD_BYTES > maxBatchBytes) {
    throw new RangeError(
      `a record for ${logTopic} takes ${bytes + BATCH_OVERHEAD_BYTES} bytes; the broker's max.message.bytes for it is ${maxBatchBytes}`,
    );
  }
  const partition = partitionOf(record.key, partitions);
  // Copied, because a repeat inside the client may read it after the caller was told that time is up.
  const value = Buffer.from(record.value);
  return { partition, bytes, message: { key: record.key, value, headers: { ...record.headers }, partition } };
}
