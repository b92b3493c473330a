import type { Backplane, Hint } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { Log, LogRecord } from '@belfry/core/log';
import {
  type Channel,
  type Lane,
  laneOf,
  type Notification,
  type TenantId,
  type UserId,
} from '@belfry/core/notification';
import type { SkipReason } from '@belfry/core/routing';
import type { RouteEntry, RouteResult } from '@belfry/core/store/routing';
import type { Store } from '@belfry/core/store/store';
import { notificationFrame } from '@belfry/protocol/client-notification';
import type { Cursor } from '@belfry/protocol/cursor';
import { tenantSchema } from '@belfry/protocol/identifiers';
import { RECORD_HEADERS } from '@belfry/protocol/job';
import { jobsTopic, recipientKey } from '@belfry/protocol/log-topics';
import { createBatcher } from './batcher.ts';
import { createDeliveryAppender } from './delivery-appender.ts';
import { expansionJob, jobRecords, type ParsedJob, parseJob, recipientJob } from './job-records.ts';
import type { ReceiptFeed } from './receipt-feed.ts';
import { createKeepUnreadable, type OnUnreadable } from './unreadable-jobs.ts';

export type RouteDeps = {
  readonly store: Pick<Store, 'route' | 'expandAudience' | 'putUnreadableJobs' | 'epoch'>;
  readonly log: Pick<Log, 'append'>;
  readonly receipts: Pick<ReceiptFeed, 'put'>;
  readonly backplane: Pick<Backplane, 'publish'>;
  readonly clock: Clock;
  /** After a delivery was made, repeats not counted. */
  readonly onRouted?: (channel: Channel, lane: Lane) => void;
  /** After a channel was skipped for a recipient, repeats not counted. */
  readonly onSkipped?: (channel: Channel, reason: SkipReason) => void;
  readonly onUnreadable?: OnUnreadable;
};

/** Recipients routed in one store transaction. */
const MAX_ENTRIES = 1_000;
const EXPANSION_PAGE = 500;
/** After this many pages the rest goes on in a record of its own, so that a crash repeats little. */
const PAGES_PER_RECORD = 20;

type Routed = Extract<RouteResult, { kind: 'routed' }>;

/**
 * Routes a run of job records of one key, in order. When the returned promise resolves, everything that follows from them is durable and, once the receipts are flushed, their
 * offsets may be committed; running them again does no harm. The run is one store transaction: it is routed as a whole or not at all, so a failure never lets a later record of a
 * recipient overtake an earlier one.
 */
export function createRoute(deps: RouteDeps): (records: readonly LogRecord[]) => Promise<void> {
  const { store, log, receipts, backplane, clock } = deps;
  const route = createBatcher<readonly RouteEntry[], readonly RouteResult[]>(
    async (runs) => {
      const results = (await store.route(runs.flat())).values();
      return runs.map((run) => run.map(() => results.next().value as RouteResult));
    },
    // Two at a time, so that a recipient does not wait for the disk on behalf of those before. Runs are of different keys: their order is nobody's.
    { maxBatch: MAX_ENTRIES, inFlight: 2, weightOf: (run) => run.length },
  );
  const appendDelivery = createDeliveryAppender(log);
  const keepUnreadable = createKeepUnreadable(deps);
  let epochRead: Promise<string> | undefined;

  async function routeRun(run: readonly RouteEntry[]): Promise<void> {
    const results = await route(run);
    // Before the first effect: what fails here must not leave appends behind that nobody waits for.
    const epoch = await currentEpoch();
    const effects: Promise<void>[] = [];
    for (const [index, { notification, recipient }] of run.entries()) {
      const result = results[index];
      if (result === undefined || result.kind === 'cancelled') continue;
      if (result.inserted) countRouted(notification, result);
      // What is stored counts: preferences may have changed since an earlier routing.
      if (result.realtimeDeliveryId !== undefined)
        backplane.publish([hintOf(notification, recipient, { epoch, offset: result.offset })]);
      effects.push(...result.deliveries.map((delivery) => appendDelivery(delivery)));
      receipts.put(routedReceipts(notification, recipient, result));
    }
    await Promise.all(effects);
  }

  function countRouted({ priority }: Notification, { realtimeDeliveryId, deliveries, skipped }: Routed): void {
    if (realtimeDeliveryId !== undefined) deps.onRouted?.('realtime', laneOf(priority));
    for (const { channel, lane } of deliveries) deps.onRouted?.(channel, lane);
    for (const { channel, reason } of skipped) deps.onSkipped?.(channel, reason);
  }

  function currentEpoch(): Promise<string> {
    epochRead ??= store.epoch().catch((error: unknown) => {
      // Kept, the failure of a moment would fail every routing after it.
      epochRead = undefined;
      throw error;
    });
    return epochRead;
  }

  function hintOf(notification: Notification, user: UserId, cursor: Cursor): Hint {
    const hint = { tenant: notification.tenant, user, offset: cursor.offset };
    return notification.expiresAtMs > clock.nowMs()
      ? { ...hint, frame: notificationFrame(cursor, notification) }
      : hint;
  }

  async function expand(notification: Notification, after: UserId | undefined): Promise<void> {
    const topic = jobsTopic(laneOf(notification.priority));
    let last = after;
    for (let page = 0; page < PAGES_PER_RECORD; page++) {
      const users = await store.expandAudience(notification.tenant, notification.audience, last, EXPANSION_PAGE);
      if (users.length > 0)
        await log.append(
          topic,
          users.map((user) => recipientJob(notification, user)),
        );
      last = users.at(-1);
      if (last === undefined || users.length < EXPANSION_PAGE) return;
    }
    await log.append(topic, [expansionJob(notification, last)]);
  }

  /** Everything but the routing of a recipient's own record; true when the record is one of those and is left to the caller. */
  async function passOn(record: LogRecord, tenant: string, job: Extract<ParsedJob, { ok: true }>): Promise<boolean> {
    const { notification, recipient } = job;
    const topic = jobsTopic(laneOf(notification.priority));
    if (recipient !== undefined) {
      // Order per recipient hangs on the key and the topic, so a record that came with others is sent round once more with the right ones.
      if (record.key === recipientKey(tenant, recipient) && record.logTopic === topic) return true;
      await log.append(topic, [recipientJob(notification, recipient)]);
    } else if (notification.audience.kind === 'users') {
      await log.append(topic, jobRecords(notification));
    } else {
      await expand(notification, job.after);
    }
    return false;
  }

  return async (records) => {
    const run: RouteEntry[] = [];
    for (const record of records) {
      const tenant = tenantOf(record);
      const job = tenant === undefined ? NO_TENANT : parseJob(record.value, tenant);
      if (tenant === undefined || !job.ok) {
        await keepUnreadable(record, tenant ?? 'unknown', job.ok ? 'no-tenant' : job.reason);
      } else if (await passOn(record, tenant, job)) {
        run.push({ notification: job.notification, recipient: job.recipient ?? '' });
      }
    }
    if (run.length > 0) await routeRun(run);
  };
}

const NO_TENANT: ParsedJob = { ok: false, reason: 'no-tenant' };

/** `jobs.<lane>` is written by Belfry alone, so its header is ours; what others write comes through input topics, which have their tenant from configuration. */
function tenantOf({ headers }: LogRecord): TenantId | undefined {
  const parsed = tenantSchema.safeParse(headers[RECORD_HEADERS.tenant]);
  return parsed.success ? parsed.data : undefined;
}

function routedReceipts(
  notification: Notification,
  recipient: UserId,
  { realtimeDeliveryId, deliveries, skipped }: Routed,
): Parameters<ReceiptFeed['put']>[0] {
  const facts = { tenant: notification.tenant, notificationId: notification.id, recipient };
  return [
    { ...facts, state: 'routed' },
    ...(realtimeDeliveryId === undefined
      ? []
      : [{ ...facts, deliveryId: realtimeDeliveryId, channel: 'realtime' as const, state: 'stored' as const }]),
    ...deliveries.map((delivery) => ({
      ...facts,
      deliveryId: delivery.deliveryId,
      channel: delivery.channel,
      state: 'queued' as const,
      attempt: delivery.attempt,
    })),
    ...skipped.map((each) => ({ ...facts, ...each, state: 'skipped' as const })),
  ];
}
