export { createRedisBackplane } from './redis-backplane.ts';
export type { BackplaneLogger, RedisBackplaneOptions, RedisTlsOptions } from './redis-options.ts';
