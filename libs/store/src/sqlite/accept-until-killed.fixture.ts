import { acceptUntilKilled } from '../accept-until-killed.fixture.ts';
import { createSqliteStore } from './create-sqlite-store.ts';

// Arguments: directory, prefix of the ids.
const [directory = '', prefix = ''] = process.argv.slice(2);
const store = await createSqliteStore({
  directory,
  clock: { nowMs: () => Date.now() },
  onFatal: (error) => {
    throw error;
  },
});
acceptUntilKilled(store, prefix);
