import { defineConfig, defineOptions, integer, list, port, string } from '@belfry/runtime';

/** Environment variables of the producer API. */
export const producerApiOptions = defineOptions({
  PORT: { type: port(), default: 8080, description: 'TCP port to listen on.', group: 'HTTP' },
  BELFRY_HOST: {
    type: string(),
    default: '127.0.0.1',
    description: 'Address to listen on. 0.0.0.0 accepts connections from other machines.',
    group: 'HTTP',
  },
  BELFRY_ALLOWED_ORIGINS: {
    type: list(),
    default: [],
    description: 'Pages that may call from a browser, such as https://app.example. * allows every page.',
    group: 'HTTP',
  },
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
  BELFRY_API_KEY: {
    type: string(),
    optional: true,
    secret: true,
    description: 'An API key with every scope, for the tenant "default". Stored as a hash.',
    group: 'Credentials',
  },
  BELFRY_JWT_SECRET: {
    type: string(),
    optional: true,
    secret: true,
    description:
      'Secret that user tokens are signed with (HS256): at least 32 bytes, except in one process on a loopback address. Without it user tokens are refused.',
    group: 'Credentials',
  },
});

export const CONFIG = defineConfig({
  program: 'node services/producer-api/src/main.ts',
  summary: 'Takes notifications in over HTTP and answers what became of them.',
  options: producerApiOptions,
  check: ({ BELFRY_JWT_SECRET: secret }) =>
    secret !== undefined && Buffer.byteLength(secret) < 32
      ? [{ variable: 'BELFRY_JWT_SECRET', detail: 'must have at least 32 bytes' }]
      : [],
});
