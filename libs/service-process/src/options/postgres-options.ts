import { defineOptions, integer, path, string } from '@belfry/runtime';
import { secretOptions } from './secret-option.ts';

export const postgresOptions = defineOptions({
  ...secretOptions('POSTGRES_URL', {
    description: 'The store, as postgres://user:password@host:port/database.',
    group: 'PostgreSQL',
  }),
  POSTGRES_TLS_CA: {
    type: path(),
    optional: true,
    description: "Speak TLS, and check the server's certificate against this authority (PEM file).",
    group: 'PostgreSQL',
  },
  POSTGRES_SCHEMA: {
    type: string(),
    default: 'belfry',
    description: 'Schema that holds the tables; made when it is missing.',
    group: 'PostgreSQL',
  },
  POSTGRES_POOL_SIZE: {
    type: integer({ min: 1, max: 1_000 }),
    default: 10,
    description:
      'Connections of one process. The sum over all processes must stay below max_connections of the server.',
    group: 'PostgreSQL',
  },
});
