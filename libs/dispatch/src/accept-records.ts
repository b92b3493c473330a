import { createHash } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import type { Log, LogRecord, NewLogRecord } from '@belfry/core/log';
import { LANES, type Lane, laneOf, type Notification, type TenantId } from '@belfry/core/notification';
import type { AcceptBegun, AcceptItem } from '@belfry/core/store/accept';
import type { Store } from '@belfry/core/store/store';
import { inputRecordSchema } from '@belfry/protocol/input-record';
import { LIMITS } from '@belfry/protocol/limits';
import { jobsTopic } from '@belfry/protocol/log-topics';
import { readRecord } from '@belfry/protocol/read-record';
import { createBatcher } from './batcher.ts';
import { jobRecords } from './job-records.ts';
import { notificationIdFrom } from './notification-id.ts';
import type { ReceiptFeed } from './receipt-feed.ts';
import { requestBytes, requestedNotification, requestHash } from './requested-notification.ts';
import { createKeepUnreadable, type OnUnreadable } from './unreadable-jobs.ts';

export type AcceptRecordsDeps = {
  readonly store: Pick<Store, 'beginAccept' | 'markAccepted' | 'putUnreadableJobs'>;
  readonly log: Pick<Log, 'append'>;
  readonly receipts: Pick<ReceiptFeed, 'put'>;
  readonly clock: Clock;
  /** Whose input topic it is. Nothing in a record can say otherwise (design, decision 15). */
  readonly tenant: TenantId;
  /** After a notification was accepted, repeats not counted. */
  readonly onAccepted?: (lane: Lane) => void;
  readonly onUnreadable?: OnUnreadable;
};

/** Job records of one append: 1,000 recipients a notification make a large one already. */
const MAX_APPEND = 1_000;
/** Ids have 48 bits for the time; upstreams write what they like. */
const MAX_ID_TIME_MS = 2 ** 48 - 1;

type Candidate = { readonly record: LogRecord; readonly item: AcceptItem };

/**
 * Takes notifications in from the records of an input topic, a run of one key in order: the same three steps as `createAccept`, so that a notification has one
 * ledger and one id whichever way it came, and so that its jobs are keyed by recipient whatever the upstream's key was. When the returned promise resolves, the
 * run is done: each record is accepted, known already, or kept as unreadable. Running it again does no harm.
 */
export function createAcceptRecords(deps: AcceptRecordsDeps): (records: readonly LogRecord[]) => Promise<void> {
  const { store, log, receipts, clock, tenant } = deps;
  const keepUnreadable = createKeepUnreadable(deps);
  const begin = createBatcher<readonly AcceptItem[], readonly AcceptBegun[]>(
    async (runs) => {
      const results = (await store.beginAccept(runs.flat())).values();
      return runs.map((run) => run.map(() => results.next().value as AcceptBegun));
    },
    { inFlight: 2, weightOf: (run) => run.length },
  );
  const mark = createBatcher<readonly Pick<Notification, 'tenant' | 'id'>[], void>(
    async (runs) => {
      await store.markAccepted(runs.flat());
      return runs.map(() => undefined);
    },
    { inFlight: 2, weightOf: (run) => run.length },
  );

  function toCandidate(record: LogRecord): Candidate | { readonly reason: string } {
    const { byteLength } = record.value;
    if (byteLength > LIMITS.bodyBytes) {
      return { reason: `too-large: ${byteLength} bytes, at most ${LIMITS.bodyBytes}` };
    }
    const read = readRecord(record.value, inputRecordSchema);
    if (!read.ok) return read;
    const { v: _version, ...request } = read.value;
    const bytes = requestBytes(request);
    if (bytes > LIMITS.notificationBytes) {
      return { reason: `too-large: ${bytes} bytes without "to", at most ${LIMITS.notificationBytes}` };
    }
    const notification = requestedNotification(request, {
      tenant,
      id: request.id ?? idOfRecord(record),
      origin: {
        kind: 'input-topic',
        logTopic: record.logTopic,
        partition: record.partition,
        offset: record.offset.toString(),
      },
      acceptedAtMs: writtenAtMs(record, clock),
    });
    // A partition has one reader at a time, so whoever left the row unfinished was this one's predecessor, or an HTTP request that appends the same jobs.
    return { record, item: { notification, bodyHash: requestHash(request), takeOver: true } };
  }

  async function appendJobs(notifications: readonly Notification[]): Promise<void> {
    await Promise.all(
      LANES.map(async (lane) => {
        let jobs: NewLogRecord[] = [];
        for (const notification of notifications) {
          if (laneOf(notification.priority) !== lane) continue;
          jobs.push(...jobRecords(notification));
          if (jobs.length < MAX_APPEND) continue;
          await log.append(jobsTopic(lane), jobs);
          jobs = [];
        }
        if (jobs.length > 0) await log.append(jobsTopic(lane), jobs);
      }),
    );
  }

  return async (records) => {
    const candidates: Candidate[] = [];
    for (const record of records) {
      const candidate = toCandidate(record);
      if ('item' in candidate) candidates.push(candidate);
      else await keepUnreadable(record, tenant, candidate.reason);
    }
    if (candidates.length === 0) return;
    const begun = await begin(candidates.map(({ item }) => item));
    const accepted: Notification[] = [];
    for (const [index, { record, item }] of candidates.entries()) {
      const result = begun[index];
      switch (result?.kind) {
        case undefined:
          throw new Error('beginAccept gave no result for its item');
        case 'replay':
          break;
        case 'conflict':
          await keepUnreadable(record, tenant, 'id-conflict: the id belongs to a notification with another content');
          break;
        case 'append':
          accepted.push(result.notification);
          break;
        // The same notification twice at once. Whether the other one gets as far as its jobs is not known here; the same jobs twice do no harm.
        case 'in-progress':
          accepted.push(item.notification);
          break;
      }
    }
    if (accepted.length === 0) return;
    await appendJobs(accepted);
    await mark(accepted.map(({ id }) => ({ tenant, id })));
    receipts.put(accepted.map(({ id }) => ({ tenant, notificationId: id, state: 'accepted' })));
    for (const { priority } of accepted) deps.onAccepted?.(laneOf(priority));
  };
}

/**
 * The id of a notification whose upstream gave none: the same however often the record is read, and sorted by the time of the record like other ids. The time is part of it
 * so that a log topic that was removed and made anew, with its offsets from 0, gives other ids.
 */
function idOfRecord(record: LogRecord): string {
  const { logTopic, partition, offset, appendedAtMs } = record;
  const origin = `${logTopic}:${partition}:${offset}:${appendedAtMs}`;
  const seed = createHash('sha256').update(origin).digest().subarray(0, 16);
  seed.writeUIntBE(Math.trunc(Math.min(Math.max(0, appendedAtMs), MAX_ID_TIME_MS)), 0, 6);
  return notificationIdFrom(seed.toString('hex'), 0);
}

/** Deadlines count from when the record was written, so that a backlog does not prolong them. An upstream's clock cannot move them beyond now. */
function writtenAtMs({ appendedAtMs }: LogRecord, clock: Clock): number {
  const nowMs = clock.nowMs();
  return appendedAtMs > 0 ? Math.min(appendedAtMs, nowMs) : nowMs;
}
