// A service that does nothing but need what the first argument names; `fail` as the second makes its worker fail at once.
import { defineConfig } from '@belfry/runtime';
import type { BackendName } from './open-backends.ts';
import { backplaneOptions } from './options/backplane-options.ts';
import { checkShared } from './options/check-shared.ts';
import { kafkaOptions } from './options/kafka-options.ts';
import { postgresOptions } from './options/postgres-options.ts';
import { processOptions } from './options/process-options.ts';
import { runServiceProcess } from './run-service-process.ts';

const [need = '', fate] = process.argv.splice(2);

await runServiceProcess(process, {
  name: 'idle-service',
  config: defineConfig({
    program: 'service.fixture.ts',
    summary: 'For tests.',
    options: { ...processOptions(0), ...kafkaOptions, ...postgresOptions, ...backplaneOptions },
    check: checkShared,
  }),
  needs: need === '' ? [] : [need as BackendName],
  wire: () => [
    {
      name: 'idle-worker',
      start: async () => {},
      stop: async () => {},
      ...(fate === 'fail' ? { failed: Promise.reject(new Error('a bug in a handler')) } : {}),
    },
  ],
});
