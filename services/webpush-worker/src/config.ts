import { DEFAULT_WEBPUSH_SCHEDULE_MS } from '@belfry/core/retry-policy';
import { pushWorkerOptions } from '@belfry/push-worker';
import { defineConfig, defineOptions, list, path, retrySchedule, string } from '@belfry/runtime';

export const webpushOptions = defineOptions({
  BELFRY_RETRY_WEBPUSH: {
    type: retrySchedule(),
    default: DEFAULT_WEBPUSH_SCHEDULE_MS,
    description: 'Waits before each retry of a Web Push delivery; the number of entries is the number of retries.',
    group: 'Web Push',
  },
  BELFRY_WEBPUSH_ALLOWED_HOSTS: {
    type: list(),
    default: [],
    description:
      'Hosts (host:port) that endpoints may have besides the public push services; exempt from the public-address rule. For tests and private push services.',
    group: 'Web Push',
  },
  BELFRY_WEBPUSH_SUBJECT: {
    type: string(),
    default: 'mailto:operator@belfry.invalid',
    description: 'Whom a push service may contact about this sender: a mailto: or https: URL (RFC 8292 §2.1).',
    group: 'Web Push',
  },
  BELFRY_VAPID_KEYS: {
    type: path(),
    optional: true,
    description: 'File with the VAPID keys. Made on first start in standalone mode when it is not set.',
    group: 'Web Push',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/webpush-worker/src/main.ts',
  summary: 'Sends Web Push deliveries.',
  options: { ...webpushOptions, ...pushWorkerOptions },
});
