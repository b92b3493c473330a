import { createReceiptFeed } from '@belfry/dispatch';
import { createFcm, runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createFcmWorker } from './fcm-worker.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'fcm-worker',
    config: CONFIG,
    needs: ['log', 'store'],
    wire: async ({ config, ...shared }) =>
      createFcmWorker({
        ...shared,
        receipts: createReceiptFeed(shared),
        adapter: await createFcm({
          clock: shared.clock,
          endpoint: config.BELFRY_FCM_ENDPOINT,
          project: config.BELFRY_FCM_PROJECT,
          serviceAccountFile: config.GOOGLE_APPLICATION_CREDENTIALS,
          simulatorOrigin: config.BELFRY_SIMULATOR_URL,
        }),
        scheduleMs: config.BELFRY_RETRY_FCM,
        concurrency: config.BELFRY_PUSH_CONCURRENCY,
        breakerProbeIntervalMs: config.BELFRY_BREAKER_PROBE_INTERVAL,
      }),
  });
}
