import { defineConfig, defineOptions, integer } from '@belfry/runtime';
import {
  apiKeyOptions,
  apiKeysOptions,
  checkShared,
  cookieSecretOptions,
  kafkaOptions,
  keysOptions,
  postgresOptions,
  processOptions,
  publicHttpOptions,
  simulatorOptions,
  userTokenOptions,
  userTokenProblems,
  vapidOptions,
  webpushAddressOptions,
} from '@belfry/service-process';

/** What the API adds to the options of every process. */
export const producerApiOptions = defineOptions({
  BELFRY_RATE_PER_SECOND: {
    type: integer({ min: 1, max: 1_000_000 }),
    default: 10_000,
    description: 'Requests per second that one API key may make at each process; more are answered 429.',
    group: 'HTTP',
  },
  BELFRY_RATE_BURST: {
    type: integer({ min: 1, max: 1_000_000 }),
    default: 20_000,
    description: 'Requests of one API key that may come at once after a pause.',
    group: 'HTTP',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/producer-api/src/main.ts',
  summary: 'Takes notifications in over HTTP and answers what became of them.',
  environment: 'shared',
  options: {
    ...processOptions(8081),
    ...publicHttpOptions,
    ...producerApiOptions,
    ...kafkaOptions,
    ...postgresOptions,
    ...keysOptions,
    ...apiKeyOptions,
    ...apiKeysOptions,
    ...userTokenOptions,
    ...cookieSecretOptions,
    ...vapidOptions,
    ...webpushAddressOptions,
    ...simulatorOptions,
  },
  check: (values) => [...checkShared(values), ...userTokenProblems(values)],
});
