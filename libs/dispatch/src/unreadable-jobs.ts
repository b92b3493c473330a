import { createHash } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import type { Log, LogRecord } from '@belfry/core/log';
import type { TenantId } from '@belfry/core/notification';
import type { Store } from '@belfry/core/store/store';
import type { UnreadableJobRecord } from '@belfry/protocol/dead-letter-record';
import { DEAD_LETTERS_TOPIC } from '@belfry/protocol/log-topics';

/** Sets a record aside that cannot become a notification, so that what comes after it goes on (design, decision 15). Safe to repeat. */
export type KeepUnreadable = (record: LogRecord, tenant: TenantId, reason: string) => Promise<void>;

export type UnreadableJobDeps = {
  readonly store: Pick<Store, 'putUnreadableJobs'>;
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  readonly onUnreadable?: OnUnreadable;
};

/** After a record was set aside, repeats counted. `kind` is the reason without what it quotes from the record: fit for a label or a log line. */
export type OnUnreadable = (record: LogRecord, kind: string) => void;

const MAX_RAW_BYTES = 65_536;

/** Keeps the bytes in the store and tells the dead-letters feed, which carries the hash alone: bytes that nobody could read may hold anything. */
export function createKeepUnreadable({ store, log, clock, onUnreadable }: UnreadableJobDeps): KeepUnreadable {
  return async (record, tenant, reason) => {
    const origin = `${record.logTopic}:${record.partition}:${record.offset}`;
    const unreadable = {
      id: createHash('sha256').update(origin).digest('base64url').slice(0, 22),
      tenant,
      logTopic: record.logTopic,
      partition: record.partition,
      offset: record.offset.toString(),
      reason,
      sha256: createHash('sha256').update(record.value).digest('hex'),
    };
    await store.putUnreadableJobs([{ ...unreadable, raw: record.value.subarray(0, MAX_RAW_BYTES) }]);
    const letter: UnreadableJobRecord = { v: 1, kind: 'unreadable-job', atMs: clock.nowMs(), ...unreadable };
    await log.append(DEAD_LETTERS_TOPIC, [{ key: unreadable.id, value: Buffer.from(JSON.stringify(letter)) }]);
    onUnreadable?.(record, reason.replace(/:.*/s, ''));
  };
}
