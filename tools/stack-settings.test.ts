import { expect, it } from 'vitest';
import { readStackSettings } from './stack-settings.ts';

it('takes servers and settings from the environment', () => {
  const env = { KAFKA_BROKERS: 'a:1, b:2', POSTGRES_URL: 'postgres://db', REDIS_URL: 'redis://r', BELFRY_HOST: '::' };
  expect(readStackSettings({ ...env, PATH: '/bin', HOME: undefined })).toEqual({
    kafkaBrokers: ['a:1', 'b:2'],
    postgresUrl: 'postgres://db',
    redisUrl: 'redis://r',
    env,
  });
});

it('takes an empty variable for one that is not set, and does not hand it on over what the stack sets', () => {
  const empty = { KAFKA_BROKERS: '', POSTGRES_URL: '', REDIS_URL: '', BELFRY_KEYS: '', POSTGRES_SCHEMA: undefined };
  expect(readStackSettings(empty)).toEqual({
    kafkaBrokers: undefined,
    postgresUrl: undefined,
    redisUrl: undefined,
    env: {},
  });
});
