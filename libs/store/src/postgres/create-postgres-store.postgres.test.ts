import { findPostgres } from '@belfry/testing/find-postgres';
import { describeNeeding } from '@belfry/testing/need';
import { describeStoreContract } from '@belfry/testing/store-contract';
import { createTestSchema } from './test-schema.fixture.ts';

describeNeeding('postgres', await findPostgres(), 'the PostgreSQL store', ({ url }) => {
  describeStoreContract('the PostgreSQL store', async () => {
    const { open, drop } = createTestSchema(url);
    return { open, dispose: drop };
  });
});
