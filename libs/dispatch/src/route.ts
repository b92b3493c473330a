import { createHash } from 'node:crypto';
import type { Backplane, Hint } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import type { DeliveryRef } from '@belfry/core/delivery';
import type { Log, LogRecord, NewLogRecord } from '@belfry/core/log';
import { laneOf, type Notification, type UserId } from '@belfry/core/notification';
import { plan } from '@belfry/core/routing';
import type { RecipientContext, RecipientKey, RouteEntry, RouteResult } from '@belfry/core/store/routing';
import type { Store } from '@belfry/core/store/store';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { RECORD_HEADERS } from '@belfry/protocol/job';
import { DEAD_LETTERS_TOPIC, jobsTopic, recipientKey } from '@belfry/protocol/log-topics';
import { createBatcher } from './batcher.ts';
import { createDeliveryAppender } from './delivery-appender.ts';
import { expansionJob, jobRecords, parseJob, recipientJob } from './job-records.ts';
import type { ReceiptFeed } from './receipt-feed.ts';

export type RouteDeps = {
  readonly store: Pick<Store, 'loadRecipients' | 'route' | 'expandAudience' | 'putUnreadableJobs' | 'epoch'>;
  readonly log: Pick<Log, 'append'>;
  readonly receipts: ReceiptFeed;
  readonly backplane: Pick<Backplane, 'publish'>;
  readonly clock: Clock;
  /**
   * Tenants of topics that others write to as well: a record of such a topic belongs to that tenant, whatever its headers claim. Topics
   * not listed are written by Belfry alone, and their tenant header is ours.
   */
  readonly tenantOfTopic?: Readonly<Record<string, string>>;
};

const EXPANSION_PAGE = 500;
/** After this many pages the rest goes on in a record of its own, so that a crash repeats little. */
const PAGES_PER_RECORD = 20;
const MAX_RAW_BYTES = 65_536;

/**
 * Routes one job record. When the returned promise resolves, everything that follows from the record is durable and its offset may be committed;
 * running it again does no harm.
 */
export function createRoute(deps: RouteDeps): (record: LogRecord) => Promise<void> {
  const { store, log, receipts, backplane, clock } = deps;
  const load = createBatcher<RecipientKey, RecipientContext>((keys) => store.loadRecipients(keys), { inFlight: 2 });
  const route = createBatcher<RouteEntry, RouteResult>((entries) => store.route(entries), { inFlight: 1 });
  const appendDelivery = createDeliveryAppender(log);
  let epoch: Promise<string> | undefined;

  async function routeRecipient(notification: Notification, recipient: UserId): Promise<void> {
    const { tenant } = notification;
    const context = await load({ tenant, user: recipient });
    const planned = plan(notification, recipient, context.devices, context.preferences);
    const result = await route({ notification, recipient, realtime: planned.realtime, deliveries: planned.deliveries });
    if (result.kind === 'cancelled') return;
    if (planned.realtime) backplane.publish([await hintOf(notification, recipient, result.offset)]);
    await Promise.all([
      ...result.deliveries.map((delivery) => appendDelivery(delivery)),
      receipts.append(routedReceipts(notification, recipient, result.realtimeDeliveryId, result.deliveries)),
    ]);
  }

  async function hintOf(notification: Notification, user: UserId, offset: number): Promise<Hint> {
    epoch ??= store.epoch();
    const cursor = { epoch: await epoch, offset };
    const hint = { tenant: notification.tenant, user, offset };
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

  async function keepUnreadable(record: LogRecord, tenant: string, reason: string): Promise<void> {
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
    const letter: NewLogRecord = {
      key: unreadable.id,
      value: Buffer.from(JSON.stringify({ v: 1, kind: 'unreadable-job', atMs: clock.nowMs(), ...unreadable })),
    };
    await log.append(DEAD_LETTERS_TOPIC, [letter]);
  }

  return async (record) => {
    const tenant = deps.tenantOfTopic?.[record.logTopic] ?? record.headers[RECORD_HEADERS.tenant];
    if (tenant === undefined) return keepUnreadable(record, 'unknown', 'no-tenant');
    const job = parseJob(record.value, tenant);
    if (!job.ok) return keepUnreadable(record, tenant, job.reason);
    const { notification, recipient } = job;
    const topic = jobsTopic(laneOf(notification.priority));
    if (recipient !== undefined) {
      const key = recipientKey(tenant, recipient);
      // Order per recipient hangs on the key and the topic, so a record that came with others is sent round once more with the right ones.
      if (record.key === key && record.logTopic === topic) return routeRecipient(notification, recipient);
      await log.append(topic, [recipientJob(notification, recipient)]);
      return;
    }
    if (notification.audience.kind === 'users') {
      await log.append(topic, jobRecords(notification));
      return;
    }
    return expand(notification, job.after);
  };
}

function routedReceipts(
  notification: Notification,
  recipient: UserId,
  realtimeDeliveryId: string | undefined,
  deliveries: readonly DeliveryRef[],
): Parameters<ReceiptFeed['append']>[0] {
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
  ];
}
