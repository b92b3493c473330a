import { defineConfig, defineOptions, origins, url } from '@belfry/runtime';
import {
  apiKeyOptions,
  checkShared,
  cookieSecretOptions,
  kafkaOptions,
  keysOptions,
  processOptions,
  publicHttpOptions,
  simulatorOptions,
} from '@belfry/service-process';

export const consoleOptions = defineOptions({
  BELFRY_CONSOLE_ORIGINS: {
    type: origins({ pages: 'web' }),
    default: [],
    description:
      'Origins under which the console may be opened besides localhost, such as https://console.example. Put a login in front of them.',
    group: 'Console',
  },
});

const { BELFRY_TRUST_PROXY } = publicHttpOptions;

export const CONFIG = defineConfig({
  program: 'node services/console/src/main.ts',
  summary: 'The page to try, watch and redrive notifications. Whoever can open it can send and redrive.',
  environment: 'shared',
  options: {
    ...processOptions(8083),
    BELFRY_TRUST_PROXY,
    ...consoleOptions,
    BELFRY_API_URL: {
      type: url(),
      default: 'http://127.0.0.1:8080',
      description: 'Where the HTTP API is, seen from the console: the edge, or the producer API itself.',
      group: 'Console',
    },
    ...kafkaOptions,
    ...keysOptions,
    ...apiKeyOptions,
    ...cookieSecretOptions,
    ...simulatorOptions,
  },
  check: checkShared,
});
