import { durationMs, integer } from '@belfry/runtime';

const SECOND = 1_000;

/** Configuration that the workers of all push channels share; each adds its schedule and its provider's options. */
export const pushWorkerOptions = {
  BELFRY_PUSH_CONCURRENCY: {
    type: integer({ min: 1, max: 4_096 }),
    default: 256,
    description: 'Attempts under way at once in one worker process.',
    group: 'Push',
  },
  BELFRY_BREAKER_PROBE_INTERVAL: {
    type: durationMs({ min: 100, max: 600 * SECOND }),
    default: 10 * SECOND,
    description: 'While a provider host fails, one attempt is let through in each such interval.',
    group: 'Push',
  },
} as const;
