import type { LogRecord } from '@belfry/core/log';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog, type EmbeddedLog } from '../embedded-log.ts';

export type Reading =
  /** Everything up to the end was handed out. */
  | { readonly outcome: 'read'; readonly records: readonly LogRecord[]; readonly openMs: number }
  /** The log opened, handed out `records` and stopped loudly. */
  | { readonly outcome: 'stopped'; readonly records: readonly LogRecord[]; readonly error: Error }
  /** The log did not open. */
  | { readonly outcome: 'refused'; readonly error: Error };

export type ReadWholeLogOptions = {
  readonly directory: string;
  readonly logTopic: string;
  readonly group: string;
  /** Commits what was read, so that the next reading of this group begins there. */
  readonly commit?: boolean;
};

/** Opens a log and reads what the group has not committed, to the end, as a consumer. */
export async function readWholeLog(options: ReadWholeLogOptions): Promise<Reading> {
  const fatal = Promise.withResolvers<never>();
  fatal.promise.catch(() => {});
  const startedMs = performance.now();
  let log: EmbeddedLog;
  try {
    log = await createEmbeddedLog({ directory: options.directory, clock: realClock, onFatal: fatal.reject });
  } catch (thrown) {
    return { outcome: 'refused', error: thrown as Error };
  }
  const openMs = performance.now() - startedMs;
  const records: LogRecord[] = [];
  try {
    await Promise.race([readToEnd(log, options, records), fatal.promise]);
    return { outcome: 'read', records, openMs };
  } catch (thrown) {
    return { outcome: 'stopped', records: [...records], error: thrown as Error };
  } finally {
    await log.close();
  }
}

async function readToEnd(log: EmbeddedLog, options: ReadWholeLogOptions, records: LogRecord[]): Promise<void> {
  const { group, logTopic, commit } = options;
  const lags = await log.lag(group);
  const total = lags.reduce((sum, lag) => sum + Number(lag.records), 0);
  const atEnd = Promise.withResolvers<void>();
  if (total === 0) atEnd.resolve();
  const generations = new Map<number, number>();
  const consumer = await log.consume(
    { group, logTopics: [logTopic] },
    {
      onAssigned: ({ partition }, generation) => generations.set(partition, generation),
      onBatch(_partition, _generation, batch) {
        records.push(...batch);
        if (records.length >= total) atEnd.resolve();
      },
      onRevoked: () => {},
    },
  );
  await atEnd.promise;
  if (!commit) return;
  for (const record of new Map(records.map((each) => [each.partition, each])).values()) {
    await consumer.commit(record, generations.get(record.partition) ?? -1, record.offset + 1n);
  }
}
