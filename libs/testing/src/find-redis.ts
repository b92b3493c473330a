import { findGiven } from './find-given.ts';
import { probeRedis, type RedisServer } from './launch-redis.ts';
import type { Found } from './need.ts';
import { findShared } from './shared-server.ts';

export type { RedisServer } from './launch-redis.ts';

/**
 * The Redis that the test files of a run share: `REDIS_URL`, else one in Docker, else the installed one as a process. Others are using it: keys and channels
 * need a prefix of one's own.
 */
export function findRedis(): Promise<Found<RedisServer>> {
  return findGiven(
    'REDIS_URL',
    async (url) => {
      await probeRedis(url);
      return { url };
    },
    () => findShared('redis'),
  );
}
