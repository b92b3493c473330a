import { isUnavailable } from '@belfry/core/unavailable-error';
import { realClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { acceptUntilKilled } from '../accept-until-killed.fixture.ts';
import { createPostgresStore } from './create-postgres-store.ts';

// In an outage it tries again, as services do. Arguments: URL, schema, prefix of the ids.
const [url = '', schema = '', prefix = ''] = process.argv.slice(2);
const store = await createPostgresStore({ url, schema, poolSize: 4, clock: realClock, random: createSeededRandom(1) });
acceptUntilKilled(store, prefix, async (call) => {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
