import { DEFAULT_FCM_SCHEDULE_MS } from '@belfry/core/retry-policy';
import { pushWorkerOptions } from '@belfry/push-worker';
import { defineConfig, defineOptions, path, retrySchedule, string, url } from '@belfry/runtime';
import { checkShared, kafkaOptions, postgresOptions, processOptions, simulatorOptions } from '@belfry/service-process';

export const fcmOptions = defineOptions({
  BELFRY_RETRY_FCM: {
    type: retrySchedule(),
    default: DEFAULT_FCM_SCHEDULE_MS,
    description:
      "Waits before each retry of an FCM delivery; the number of entries is the number of retries. FCM's own rules (never within 10 s, not within 60 s of a 429 without Retry-After) win over shorter entries.",
    group: 'FCM',
  },
  GOOGLE_APPLICATION_CREDENTIALS: {
    type: path(),
    optional: true,
    description:
      'Service account file. Without it (and without BELFRY_FCM_ENDPOINT) real FCM devices cannot be sent to.',
    group: 'FCM',
  },
  BELFRY_FCM_ENDPOINT: {
    type: url(),
    optional: true,
    description:
      "Base URL of another FCM, such as an emulator. The token sent there is `owner`, as with Firebase's emulators.",
    group: 'FCM',
  },
  BELFRY_FCM_PROJECT: {
    type: string(),
    optional: true,
    description: 'Project id; needed with BELFRY_FCM_ENDPOINT, otherwise read from the service account.',
    group: 'FCM',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/fcm-worker/src/main.ts',
  summary: 'Sends FCM deliveries.',
  environment: 'shared',
  options: {
    ...processOptions(8094),
    ...fcmOptions,
    ...pushWorkerOptions,
    ...kafkaOptions,
    ...postgresOptions,
    ...simulatorOptions,
  },
  check: checkShared,
});
