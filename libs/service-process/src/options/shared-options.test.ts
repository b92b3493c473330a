import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig, readConfig } from '@belfry/runtime';
import { afterAll, describe, expect, it } from 'vitest';
import { backplaneKind } from '../open-backends.ts';
import { backplaneOptions } from './backplane-options.ts';
import { checkShared } from './check-shared.ts';
import { apiKeyOptions, webpushAddressOptions } from './credential-options.ts';
import { kafkaOptions } from './kafka-options.ts';
import { postgresOptions } from './postgres-options.ts';
import { processOptions } from './process-options.ts';
import { readSecret } from './secret-option.ts';
import { userTokenOptions } from './user-token-options.ts';

const TABLE = defineConfig({
  program: 'test',
  summary: 'All groups.',
  options: {
    ...processOptions(8_091),
    ...kafkaOptions,
    ...postgresOptions,
    ...backplaneOptions,
    ...apiKeyOptions,
    ...webpushAddressOptions,
    ...userTokenOptions,
  },
  check: checkShared,
});
const ENOUGH = { POSTGRES_URL: 'postgres://127.0.0.1/belfry' };

const folder = mkdtempSync(join(tmpdir(), 'belfry-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(env: Record<string, string>): readonly string[] {
  const result = readConfig(TABLE, { ...ENOUGH, ...env });
  return result.ok ? [] : result.problems.map(({ variable, detail }) => `${variable} ${detail}`);
}

describe('the options that services share', () => {
  it('are three brokers’ worth of safety on a broker of this machine, when only the store is named', () => {
    const result = readConfig(TABLE, ENOUGH);
    expect(result).toMatchObject({
      ok: true,
      value: {
        PORT: 8_091,
        KAFKA_BROKERS: ['127.0.0.1:9092'],
        KAFKA_REPLICATION_FACTOR: 3,
        KAFKA_MIN_INSYNC_REPLICAS: 2,
        KAFKA_TOPIC_PARTITIONS: 12,
        POSTGRES_SCHEMA: 'belfry',
      },
    });
  });

  it.each([
    [{ POSTGRES_URL: '' }, 'POSTGRES_URL or POSTGRES_URL_FILE is required'],
    [{ POSTGRES_SCHEMA: 'Belfry-1' }, 'POSTGRES_SCHEMA must be 1 to 63 of a-z, 0-9 and _, and not begin with a digit'],
    [{ KAFKA_BROKERS: 'kafka:9092,kafka' }, 'KAFKA_BROKERS has "kafka", which is no host:port'],
    [
      { KAFKA_REPLICATION_FACTOR: '1' },
      'KAFKA_MIN_INSYNC_REPLICAS must be at most KAFKA_REPLICATION_FACTOR, which is 1, but is 2',
    ],
    [{ KAFKA_TLS_CA: 'ca.pem' }, 'KAFKA_TLS_CA needs KAFKA_TLS=true'],
    [{ KAFKA_TLS: 'true', KAFKA_TLS_CERT: 'c.pem' }, 'KAFKA_TLS_CERT and KAFKA_TLS_KEY are needed together'],
    [
      { KAFKA_SASL_MECHANISM: 'plain', KAFKA_SASL_USERNAME: 'belfry' },
      'KAFKA_SASL_PASSWORD or KAFKA_SASL_PASSWORD_FILE is required by plain',
    ],
    [{ KAFKA_SASL_MECHANISM: 'oauthbearer' }, 'KAFKA_SASL_TOKEN_FILE is required by oauthbearer'],
    [{ KAFKA_SASL_PASSWORD: 'p' }, 'KAFKA_SASL_MECHANISM is required when a user name or a password is set'],
    [{ POSTGRES_URL: 'localhost:5432' }, 'POSTGRES_URL must look like postgres://user:password@host:port/database'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL must look like redis://user:password@host:port'],
    [{ BELFRY_API_KEY: 's3cret a' }, 'BELFRY_API_KEY must be visible ASCII characters without blanks'],
    [{ BELFRY_API_KEY: 's3cret.b.c' }, 'BELFRY_API_KEY must not look like a JWT, which is a user token'],
    [
      { BELFRY_WEBPUSH_ALLOWED_HOSTS: 'push.internal:443,Push.internal' },
      'BELFRY_WEBPUSH_ALLOWED_HOSTS has "Push.internal", which must be host:port, in lower case',
    ],
    [
      { BELFRY_WEBPUSH_SUBJECT: 'mailto:ops@localhost' },
      'BELFRY_WEBPUSH_SUBJECT must not be at localhost: Apple refuses such a token, but is "mailto:ops@localhost"',
    ],
    [{ BELFRY_BACKPLANE: 'redis' }, 'BELFRY_BACKPLANE is redis, so REDIS_URL or REDIS_URL_FILE is required'],
    [
      { BELFRY_API_KEY: 's3cret', BELFRY_API_KEY_FILE: '/key' },
      'BELFRY_API_KEY and BELFRY_API_KEY_FILE are both set; set one of them',
    ],
  ])('%j: %s', (env, problem) => {
    const problems = problemsOf(env as Record<string, string>);
    expect(problems).toContain(problem);
    expect(problems.join()).not.toContain('s3cret');
  });
});

describe('a secret', () => {
  it('comes from its variable or from the file that is named in its place', () => {
    expect(readSecret({ BELFRY_API_KEY: 'given' }, 'BELFRY_API_KEY')).toBe('given');
    const password = readSecret({ KAFKA_SASL_PASSWORD_FILE: file('key', 'from a file \n') }, 'KAFKA_SASL_PASSWORD');
    expect(password).toBe('from a file ');
    expect(readSecret({}, 'BELFRY_API_KEY')).toBeUndefined();
  });

  it('is missed by the name of the variable when its file is not there or empty', () => {
    expect(() => readSecret({ BELFRY_API_KEY_FILE: join(folder, 'none') }, 'BELFRY_API_KEY')).toThrow(
      /^BELFRY_API_KEY_FILE: .*none cannot be read \(ENOENT\)$/,
    );
    expect(() => readSecret({ BELFRY_API_KEY_FILE: file('empty', '\n') }, 'BELFRY_API_KEY')).toThrow(/is empty$/);
    expect(() => readSecret({ BELFRY_API_KEY_FILE: file('blank', 's3 cret') }, 'BELFRY_API_KEY')).toThrow(
      /^BELFRY_API_KEY_FILE: what .*blank holds must be visible ASCII characters without blanks$/,
    );
  });
});

describe('the backplane', () => {
  const wait = { BELFRY_START_WAIT: 0 };
  it.each([
    [{}, 'kafka'],
    [{ REDIS_URL: 'redis://127.0.0.1' }, 'redis'],
    [{ REDIS_URL: 'redis://127.0.0.1', BELFRY_BACKPLANE: 'kafka' }, 'kafka'],
  ] as const)('%j → %s', (config, kind) => {
    expect(backplaneKind({ ...wait, ...config })).toBe(kind);
  });
});
