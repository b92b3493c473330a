import { findGiven } from './find-given.ts';
import { type PostgresServer, probePostgres } from './launch-postgres.ts';
import type { Found } from './need.ts';
import { findShared } from './shared-server.ts';

export type { PostgresServer } from './launch-postgres.ts';

/**
 * The PostgreSQL that the test files of a run share: `POSTGRES_URL`, else one in Docker, else the installed one as a process. Others are using it: tables
 * belong into a schema of one's own.
 */
export function findPostgres(): Promise<Found<PostgresServer>> {
  return findGiven(
    'POSTGRES_URL',
    async (url) => {
      await probePostgres(url);
      return { url };
    },
    () => findShared('postgres'),
  );
}
