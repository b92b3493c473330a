import { defineConfig, defineOptions, durationMs } from '@belfry/runtime';
import { checkShared, kafkaOptions, postgresOptions, processOptions } from '@belfry/service-process';

const DAY = 24 * 60 * 60 * 1_000;

export const schedulerOptions = defineOptions({
  BELFRY_RETENTION_NOTIFICATIONS: {
    type: durationMs({ min: 60_000, max: 3_650 * DAY }),
    default: 30 * DAY,
    description: 'How long notifications, their ledger and inbox entries are kept after their deadline.',
    group: 'Retention',
  },
  BELFRY_RETENTION_DEAD_LETTERS: {
    type: durationMs({ min: 60_000, max: 3_650 * DAY }),
    default: 30 * DAY,
    description: 'How long dead letters are kept.',
    group: 'Retention',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/scheduler/src/main.ts',
  summary:
    'Puts deliveries whose wait is over back on the log, ends what nobody was shown in time, and removes what is past its retention.',
  environment: 'shared',
  options: { ...processOptions(8092), ...schedulerOptions, ...kafkaOptions, ...postgresOptions },
  check: checkShared,
});
