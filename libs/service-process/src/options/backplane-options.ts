import { defineOptions, oneOf, path, string } from '@belfry/runtime';
import { secretOptions } from './secret-option.ts';

export const backplaneOptions = defineOptions({
  BELFRY_BACKPLANE: {
    type: oneOf(['kafka', 'redis']),
    optional: true,
    description: 'What carries hints to the gateways: redis when REDIS_URL is set, else kafka.',
    group: 'Backplane',
  },
  ...secretOptions('REDIS_URL', {
    description: 'Redis, as redis://user:password@host:port; rediss:// for TLS.',
    group: 'Backplane',
  }),
  REDIS_TLS_CA: {
    type: path(),
    optional: true,
    description:
      "Authority that the server's certificate is checked against with rediss:// (PEM file); Node's own list without it.",
    group: 'Backplane',
  },
  REDIS_CHANNEL_PREFIX: {
    type: string(),
    default: 'belfry:hint:',
    description: 'Put before the name of every channel, so that several Belfrys can share a server.',
    group: 'Backplane',
  },
});
