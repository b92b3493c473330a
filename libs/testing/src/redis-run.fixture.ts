// A test run of its own, for shared-server.redis.test.ts: prints the address of the shared Redis and of one of its own, and waits to be killed.
import { findRedis } from './find-redis.ts';
import { findRedisLauncher } from './launch-redis.ts';

const shared = await findRedis();
const launch = await findRedisLauncher();
if (!shared.ok || !launch.ok) throw new Error(JSON.stringify([shared, launch]));
const own = await launch.value();
console.log(JSON.stringify([shared.value.url, own.url]));
setInterval(() => {}, 60_000);
