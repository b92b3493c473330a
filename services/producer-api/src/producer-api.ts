import type { PushChannelAdapter } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import type { PushChannel } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { Service } from '@belfry/core/service';
import type { Store } from '@belfry/core/store/store';
import type { Accept, RealtimeState, ReceiptFeed } from '@belfry/dispatch';
import { type AckTokens, type Authentication, addIdempotency, type HttpApp, type Metrics } from '@belfry/runtime';
import { createIntake } from './intake.ts';
import { addAckRoute } from './routes/acks.ts';
import { addBatchRoute } from './routes/batch.ts';
import { addDeadLetterRoutes } from './routes/dead-letters.ts';
import { addDeviceRegistration, addDeviceRoutes } from './routes/devices.ts';
import { addInboxReadRoute, addInboxRoutes } from './routes/inbox.ts';
import { addNotificationIntake, addNotificationRoutes } from './routes/notifications.ts';
import { addPreferenceRoutes } from './routes/preferences.ts';
import { addRedriveRoute } from './routes/redrive.ts';
import { addTicketRoute } from './routes/tickets.ts';
import { addTopicRoutes } from './routes/topics.ts';
import { addUnreadableJobRoute } from './routes/unreadable-jobs.ts';
import { addWebPushKeyRoute, type WebPushKey } from './routes/webpush-key.ts';

export type ProducerApiDeps = {
  /** Of a host that has not started: routes cannot be added later. */
  readonly http: HttpApp;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly authentication: Authentication;
  /** With the secret of the gateways. */
  readonly ackTokens: AckTokens;
  readonly accept: Accept;
  /** Nobody waits for it: what the log does not take is lost to the feed. */
  readonly receipts: ReceiptFeed;
  readonly realtime: RealtimeState;
  /** Says whether a device's address may be saved. */
  readonly channels: Readonly<Record<PushChannel, Pick<PushChannelAdapter, 'validateDevice'>>>;
  readonly webPushKey: WebPushKey;
};

/** Adds the routes of producers, operators and users' own devices and inboxes to an HTTP host. List the service before the host's. */
export function createProducerApi(deps: ProducerApiDeps): Service[] {
  const { http, receipts } = deps;
  const routeDeps = { ...deps, intake: createIntake(deps) };

  // A scope of its own: the hooks apply to the routes that are added in it.
  http.register(async (repeatable: HttpApp) => {
    addIdempotency(repeatable, deps);
    addNotificationIntake(repeatable, routeDeps);
    // Again a scope: the other routes must not take NDJSON.
    repeatable.register(async (batch: HttpApp) => addBatchRoute(batch, routeDeps));
    addDeviceRegistration(repeatable, routeDeps);
    addInboxReadRoute(repeatable, routeDeps);
    addRedriveRoute(repeatable, routeDeps);
  });
  addNotificationRoutes(http, routeDeps);
  addDeviceRoutes(http, routeDeps);
  addInboxRoutes(http, routeDeps);
  addAckRoute(http, routeDeps);
  addTicketRoute(http, routeDeps);
  addWebPushKeyRoute(http, deps.webPushKey);
  addPreferenceRoutes(http, routeDeps);
  addTopicRoutes(http, routeDeps);
  addDeadLetterRoutes(http, routeDeps);
  addUnreadableJobRoute(http, routeDeps);
  const service: Service = {
    name: 'producer-api',
    start: async () => {},
    drain: (deadline) => untilAborted(deadline, receipts.flushed()),
    stop: async () => {},
  };
  return [service];
}

async function untilAborted(signal: AbortSignal, work: Promise<void>): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([work, aborted]);
}
