import { vapidSubjectWarning } from '@belfry/channel-webpush/settings';
import { createReceiptFeed } from '@belfry/dispatch';
import { createWebPush, runServiceProcess, vapidKeys } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createWebPushWorker } from './webpush-worker.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'webpush-worker',
    config: CONFIG,
    needs: ['log', 'store'],
    wire: async ({ config, ...shared }) => {
      const warning = vapidSubjectWarning(config.BELFRY_WEBPUSH_SUBJECT);
      if (warning !== undefined) shared.logger.warn(`BELFRY_WEBPUSH_SUBJECT: ${warning}`);
      return createWebPushWorker({
        ...shared,
        receipts: createReceiptFeed(shared),
        adapter: await createWebPush({
          clock: shared.clock,
          vapidKeys: await vapidKeys(config),
          subject: config.BELFRY_WEBPUSH_SUBJECT,
          allowedHosts: config.BELFRY_WEBPUSH_ALLOWED_HOSTS,
          simulatorOrigin: config.BELFRY_SIMULATOR_URL,
        }),
        scheduleMs: config.BELFRY_RETRY_WEBPUSH,
        concurrency: config.BELFRY_PUSH_CONCURRENCY,
        hostConcurrency: config.BELFRY_WEBPUSH_HOST_CONCURRENCY,
        breakerProbeIntervalMs: config.BELFRY_BREAKER_PROBE_INTERVAL,
      });
    },
  });
}
