import { consoleOptions } from '@belfry/console';
import { fcmOptions } from '@belfry/fcm-worker';
import { producerApiOptions } from '@belfry/producer-api';
import { pushWorkerOptions } from '@belfry/push-worker';
import { realtimeGatewayOptions } from '@belfry/realtime-gateway';
import { routerOptions } from '@belfry/router';
import {
  boolean,
  bytes,
  type ConfigValues,
  defineConfig,
  LOG_LEVELS,
  LOOPBACK_HOSTS,
  oneOf,
  path,
} from '@belfry/runtime';
import { schedulerOptions } from '@belfry/scheduler';
import {
  apiKeyOptions,
  apiKeysOptions,
  checkShared,
  cookieSecretOptions,
  JWT_SECRET_BYTES_MIN,
  listenOptions,
  publicHttpOptions,
  userTokenOptions,
  userTokenProblems,
  vapidOptions,
  webpushAddressOptions,
} from '@belfry/service-process';
import { webpushOptions } from '@belfry/webpush-worker';

const GIB = 2 ** 30;

export const CONFIG = defineConfig({
  program: 'npm start --',
  summary: 'Every service in one process, over a log and a store of its own.',
  options: {
    ...listenOptions(8080),
    ...publicHttpOptions,
    ...producerApiOptions,
    ...apiKeyOptions,
    ...apiKeysOptions,
    ...cookieSecretOptions,
    ...userTokenOptions,
    ...realtimeGatewayOptions,
    ...routerOptions,
    ...webpushOptions,
    ...webpushAddressOptions,
    ...vapidOptions,
    ...fcmOptions,
    ...pushWorkerOptions,
    ...schedulerOptions,
    BELFRY_CONSOLE: {
      type: boolean(),
      default: true,
      description: 'Serve the console. Whoever can open it can send and redrive: it is for the machine it runs on.',
      group: 'Console',
    },
    ...consoleOptions,
    BELFRY_DATA: {
      type: path(),
      default: './data',
      description: 'Folder for the log, the store and the keys made on first start. One process at a time.',
      group: 'Storage',
    },
    BELFRY_LOG_MAX_BYTES: {
      type: bytes({ min: 16 * 2 ** 20, max: 1_024 * GIB }),
      default: 8 * GIB,
      description: 'The log refuses work (507) when it would grow beyond this and nothing can be removed yet.',
      group: 'Storage',
    },
    BELFRY_LOG_LEVEL: {
      type: oneOf(LOG_LEVELS),
      default: 'warn',
      description: 'Least severe log line that is printed.',
      group: 'Operation',
    },
    BELFRY_SIMULATOR: {
      type: boolean(),
      default: true,
      description: 'Run the provider simulator, so that simulated devices can be added. Real devices never go there.',
      group: 'Operation',
    },
  },
  check: (values) => [...checkShared(values), ...userTokenProblems(values, minSecretBytes(values.BELFRY_HOST))],
});

export type StandaloneConfig = ConfigValues<(typeof CONFIG)['options']>;

/** On the loopback address a short secret is a developer's; where others can connect it can be guessed. */
export function minSecretBytes(host: string): number {
  return LOOPBACK_HOSTS.includes(host) ? 1 : JWT_SECRET_BYTES_MIN;
}
