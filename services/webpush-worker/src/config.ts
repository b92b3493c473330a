import { DEFAULT_WEBPUSH_SCHEDULE_MS } from '@belfry/core/retry-policy';
import { pushWorkerOptions } from '@belfry/push-worker';
import { defineConfig, defineOptions, integer, retrySchedule } from '@belfry/runtime';
import {
  checkShared,
  kafkaOptions,
  keysOptions,
  postgresOptions,
  processOptions,
  simulatorOptions,
  vapidOptions,
  webpushAddressOptions,
} from '@belfry/service-process';

export const webpushOptions = defineOptions({
  BELFRY_RETRY_WEBPUSH: {
    type: retrySchedule(),
    default: DEFAULT_WEBPUSH_SCHEDULE_MS,
    description: 'Waits before each retry of a Web Push delivery; the number of entries is the number of retries.',
    group: 'Web Push',
  },
  BELFRY_WEBPUSH_HOST_CONCURRENCY: {
    type: integer({ min: 1, max: 4_096 }),
    optional: true,
    description:
      'Attempts under way at once to one push service in one worker process. Without it half of BELFRY_PUSH_CONCURRENCY, so that a slow push service leaves the other half to the others.',
    group: 'Web Push',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/webpush-worker/src/main.ts',
  summary: 'Sends Web Push deliveries.',
  environment: 'shared',
  options: {
    ...processOptions(8093),
    ...webpushOptions,
    ...webpushAddressOptions,
    ...vapidOptions,
    ...keysOptions,
    ...pushWorkerOptions,
    ...kafkaOptions,
    ...postgresOptions,
    ...simulatorOptions,
  },
  check: checkShared,
});
