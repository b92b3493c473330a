import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeStoreContract } from '@belfry/testing/store-contract';
import { createSqliteStore } from './create-sqlite-store.ts';

describeStoreContract('the SQLite store', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-store-'));
  return {
    open: (clock) =>
      createSqliteStore({
        directory,
        clock,
        onFatal: (error) => {
          throw error;
        },
      }),
    dispose: () => rm(directory, { recursive: true }),
  };
});
