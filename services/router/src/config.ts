import { defineConfig, defineOptions, integer } from '@belfry/runtime';
import { backplaneOptions, checkShared, kafkaOptions, postgresOptions, processOptions } from '@belfry/service-process';
import { inputTopicOptions } from './input-topics.ts';

export const routerOptions = defineOptions({
  BELFRY_ROUTER_CONCURRENCY: {
    type: integer({ min: 1, max: 4_096 }),
    default: 512,
    description: 'Job records being routed at once in one process; they share store transactions.',
    group: 'Router',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/router/src/main.ts',
  summary: 'Turns accepted jobs into inbox entries and deliveries.',
  environment: 'shared',
  options: {
    ...processOptions(8091),
    ...routerOptions,
    ...inputTopicOptions,
    ...kafkaOptions,
    ...postgresOptions,
    ...backplaneOptions,
  },
  check: checkShared,
});
