import type { Clock } from '@belfry/core/clock';
import type { Log, NewLogRecord } from '@belfry/core/log';
import { type Lane, laneOf, type Notification, type TenantId } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { AcceptBegun, AcceptItem } from '@belfry/core/store/accept';
import type { Store } from '@belfry/core/store/store';
import { isUnavailable, UnavailableError } from '@belfry/core/unavailable-error';
import { LIMITS } from '@belfry/protocol/limits';
import { jobsTopic } from '@belfry/protocol/log-topics';
import type { NotificationRequest } from '@belfry/protocol/notification-request';
import { createBatcher } from './batcher.ts';
import { withDeadline } from './deadline.ts';
import { jobRecords } from './job-records.ts';
import { notificationIdFrom, randomNotificationId } from './notification-id.ts';
import { requestBytes, requestedNotification, requestHash } from './requested-notification.ts';

export type AcceptInput = {
  readonly tenant: TenantId;
  readonly request: NotificationRequest;
  /**
   * From the idempotency layer: 32 hex digits that a repeat of the request gets again, and the place of the item in it. The id is derived from them, so that a repeat
   * after a crash appends the same id again.
   */
  readonly seed?: { readonly hex: string; readonly index: number; readonly takenOver: boolean };
};

export type AcceptResult =
  /** Durable. `replayed`: it had been accepted before. */
  | { readonly kind: 'accepted'; readonly id: string; readonly replayed: boolean }
  | { readonly kind: 'conflict'; readonly id: string }
  | { readonly kind: 'in-progress'; readonly id: string; readonly retryAfterMs: number }
  | { readonly kind: 'too-large'; readonly bytes: number; readonly limitBytes: number };

export type Accept = (inputs: readonly AcceptInput[]) => Promise<readonly AcceptResult[]>;

export type AcceptDeps = {
  readonly store: Pick<Store, 'beginAccept' | 'markAccepted'>;
  readonly log: Pick<Log, 'append'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Longest wait for the log before the producer is told to come back; default 5,000. */
  readonly appendDeadlineMs?: number;
};

const APPEND_DEADLINE_MS = 5_000;
/** By then the router has mostly counted the notification as routed, and nothing is left to mark. */
const MARK_GATHER_MS = 100;

/**
 * Takes notifications in (design, decision 1): row as `accepting` → jobs appended and durable → row as `accepted`. Only then is the producer answered. Each of
 * the three steps is safe to repeat with the same id, so whatever step a crash hits, the repeat of the request completes it.
 *
 * An id that was made here is known to nobody before the answer, so no repeat can meet its row: row and jobs are written at the same time, and the row becomes
 * `accepted` a moment after the answer (docs/adr/0007-what-nobody-can-repeat-waits-for-less.md).
 *
 * Rejects with `UnavailableError` when the log does not confirm in time or the store is down: the notification may still be delivered.
 */
export function createAccept(deps: AcceptDeps): Accept {
  const { store, log, clock, random } = deps;
  const deadlineMs = deps.appendDeadlineMs ?? APPEND_DEADLINE_MS;
  const begin = createBatcher<AcceptItem, AcceptBegun>((items) => store.beginAccept(items), { inFlight: 2 });
  const mark = createBatcher<Pick<Notification, 'tenant' | 'id'>, void>(
    async (notifications) => {
      await store.markAccepted(notifications);
      return notifications.map(() => undefined);
    },
    { inFlight: 2 },
  );
  /** Of what was answered. Where it fails, the router finds the row as `accepting` and takes it as it would take any other. */
  const markSoon = createBatcher<Pick<Notification, 'tenant' | 'id'>, void>(
    async (notifications) => {
      await store.markAccepted(notifications).catch(ignoreOutage);
      return notifications.map(() => undefined);
    },
    { gather: { clock, ms: MARK_GATHER_MS } },
  );
  /** Begun in order where it does not: each post of an outage would otherwise leave jobs behind that its producer does not know of. */
  let storeAnswers = true;
  const appendTo: Record<Lane, (notification: Notification) => Promise<void>> = {
    transactional: appender('transactional'),
    bulk: appender('bulk'),
  };

  function appender(lane: Lane): (notification: Notification) => Promise<void> {
    return createBatcher<Notification, void>(
      async (notifications) => {
        const records: NewLogRecord[] = notifications.flatMap((notification) => jobRecords(notification));
        await log.append(jobsTopic(lane), records);
        return notifications.map(() => undefined);
      },
      { inFlight: 2 },
    );
  }

  async function beginWatched(item: AcceptItem): Promise<AcceptBegun> {
    try {
      const begun = await begin(item);
      storeAnswers = true;
      return begun;
    } catch (error) {
      storeAnswers = false;
      throw error;
    }
  }

  function append(notification: Notification): Promise<void> {
    return withDeadline(clock, deadlineMs, appendTo[laneOf(notification.priority)](notification), () => {
      return new UnavailableError('log-unavailable', `the log did not confirm within ${deadlineMs} ms`);
    });
  }

  async function acceptFresh(item: AcceptItem): Promise<AcceptResult> {
    const { tenant, id } = item.notification;
    // Whatever row is there, it is this one's: the router may have been faster.
    await Promise.all([beginWatched(item), append(item.notification)]);
    void markSoon({ tenant, id });
    return { kind: 'accepted', id, replayed: false };
  }

  async function acceptOne(input: AcceptInput): Promise<AcceptResult> {
    const { tenant, request, seed } = input;
    const bytes = requestBytes(request);
    if (bytes > LIMITS.notificationBytes) {
      return { kind: 'too-large', bytes, limitBytes: LIMITS.notificationBytes };
    }
    const nowMs = clock.nowMs();
    const isFresh = request.id === undefined && seed === undefined;
    const id =
      request.id ??
      (seed === undefined ? randomNotificationId(nowMs, random) : notificationIdFrom(seed.hex, seed.index));
    const item: AcceptItem = {
      notification: requestedNotification(request, { tenant, id, origin: { kind: 'http' }, acceptedAtMs: nowMs }),
      bodyHash: requestHash(request),
      takeOver: seed?.takenOver ?? false,
    };
    if (isFresh && storeAnswers) return acceptFresh(item);
    const begun = await beginWatched(item);
    switch (begun.kind) {
      case 'replay':
        return { kind: 'accepted', id: begun.id, replayed: true };
      case 'conflict':
      case 'in-progress':
        return begun;
      case 'append': {
        const { notification } = begun;
        await append(notification);
        await mark({ tenant, id: notification.id });
        return { kind: 'accepted', id: notification.id, replayed: false };
      }
    }
  }

  return (inputs) => Promise.all(inputs.map(acceptOne));
}

function ignoreOutage(error: unknown): void {
  if (!isUnavailable(error)) throw error;
}
