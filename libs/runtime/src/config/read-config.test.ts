import { describe, expect, expectTypeOf, it } from 'vitest';
import { formatHelp } from './config-help.ts';
import { defineConfig } from './config-table.ts';
import {
  boolean,
  bytes,
  durationMs,
  integer,
  list,
  oneOf,
  path,
  port,
  retrySchedule,
  string,
  url,
} from './config-type.ts';
import { loadConfig } from './load-config.ts';
import { readConfig } from './read-config.ts';

const TABLE = defineConfig({
  program: 'belfry-test',
  summary: 'A table with one option of each type.',
  options: {
    PORT: { type: port(), default: 8080, description: 'Where to listen.', group: 'HTTP' },
    BELFRY_DATA: { type: path(), default: './data', description: 'Where to keep things.' },
    BELFRY_API_KEY: { type: string(), optional: true, secret: true, description: 'The first key.' },
    BELFRY_JWT_SECRET: {
      type: oneOf(['a-good-secret']),
      default: 'a-good-secret',
      secret: true,
      description: 'Signs.',
    },
    BELFRY_RETRY_FCM: { type: retrySchedule(), default: [10_000, 60_000], description: 'Waits.' },
    BELFRY_TIMEOUT: { type: durationMs({ min: 0, max: 60_000 }), default: 30_000, description: 'Patience.' },
    BELFRY_LANE: { type: oneOf(['bulk', 'transactional']), default: 'bulk', description: 'Which one.' },
    BELFRY_BODY_LIMIT: { type: bytes({ min: 1, max: 2 ** 20 }), default: 65_536, description: 'How much.' },
    BELFRY_ALLOWED_ORIGINS: { type: list(), default: [], description: 'Which pages.' },
    BELFRY_TRUST: { type: boolean(), default: false, description: 'Whether.' },
    BELFRY_WORKERS: { type: integer({ min: 1, max: 64 }), default: 4, description: 'How many.' },
    BELFRY_ENDPOINT: { type: url(), optional: true, description: 'Whereto.' },
  },
  check: (values) =>
    values.BELFRY_TRUST && values.BELFRY_API_KEY === undefined
      ? [{ variable: 'BELFRY_TRUST', detail: 'needs BELFRY_API_KEY' }]
      : [],
});

function read(env: Record<string, string>, argv: string[] = []) {
  return readConfig(TABLE, env, argv);
}

describe('readConfig', () => {
  it('fills in defaults and takes an empty variable for one that is not set', () => {
    expect(read({ PORT: '', BELFRY_LANE: '' })).toMatchObject({
      ok: true,
      value: { PORT: 8080, BELFRY_LANE: 'bulk', BELFRY_RETRY_FCM: [10_000, 60_000], BELFRY_API_KEY: undefined },
    });
  });

  it('knows the type of every value', () => {
    const result = read({});
    if (!result.ok) throw new Error('unexpected');
    expectTypeOf(result.value.PORT).toEqualTypeOf<number>();
    expectTypeOf(result.value.BELFRY_API_KEY).toEqualTypeOf<string | undefined>();
    expectTypeOf(result.value.BELFRY_RETRY_FCM).toEqualTypeOf<readonly number[]>();
    expectTypeOf(result.value.BELFRY_LANE).toEqualTypeOf<'bulk' | 'transactional'>();
  });

  it.each([
    ['PORT', '0', 0],
    ['PORT', ' 65535 ', 65_535],
    ['BELFRY_TIMEOUT', '250ms', 250],
    ['BELFRY_TIMEOUT', '1.5s', 1_500],
    ['BELFRY_TIMEOUT', '1m', 60_000],
    ['BELFRY_TIMEOUT', '0', 0],
    ['BELFRY_RETRY_FCM', '5s, 30s,2m', [5_000, 30_000, 120_000]],
    ['BELFRY_RETRY_FCM', 'none', []],
    ['BELFRY_RETRY_FCM', 'exponential(5s, 4, 2m, 4)', [5_000, 20_000, 80_000, 120_000]],
    ['BELFRY_RETRY_FCM', 'exponential(1s,1.5,1h,3)', [1_000, 1_500, 2_250]],
    ['BELFRY_BODY_LIMIT', '64KiB', 65_536],
    ['BELFRY_BODY_LIMIT', '1000', 1_000],
    ['BELFRY_ALLOWED_ORIGINS', 'https://a.example, https://b.example', ['https://a.example', 'https://b.example']],
    ['BELFRY_TRUST', 'false', false],
    ['BELFRY_ENDPOINT', 'http://127.0.0.1:9/', 'http://127.0.0.1:9'],
  ])('reads %s=%s', (name, text, value) => {
    expect(read({ [name]: text })).toMatchObject({ ok: true, value: { [name]: value } });
  });

  it.each([
    ['PORT', '65536', 'must be a port from 0 to 65535, but is "65536"'],
    ['PORT', '80a', 'must be a port from 0 to 65535, but is "80a"'],
    ['BELFRY_TIMEOUT', '30', 'must be a duration such as 30s or 5m, from 0 to 1m, but is "30"'],
    ['BELFRY_TIMEOUT', '2m', 'must be a duration such as 30s or 5m, from 0 to 1m, but is "2m"'],
    ['BELFRY_RETRY_FCM', '5s,,1m', expect.stringContaining('waits separated by commas')],
    ['BELFRY_RETRY_FCM', '8d', expect.stringContaining('each from 1ms to 7d')],
    ...[
      'exponential(5s, 4, 2m)',
      'exponential(5s, 0.5, 2m, 4)',
      'exponential(5m, 4, 2m, 4)',
      'exponential(5s, 4, 8d, 9)',
      'exponential(5s, 4, 2m, 0)',
      'exponential(5s, 4, 2m, 21)',
      'exponential(5, 4, 2m, 3)',
    ].map((text) => [
      'BELFRY_RETRY_FCM',
      text,
      expect.stringContaining('exponential(first, factor, longest, retries)'),
    ]),
    ['BELFRY_LANE', 'slow', 'must be one of bulk, transactional, but is "slow"'],
    ['BELFRY_BODY_LIMIT', '2MiB', 'must be a size such as 64KiB or 1MiB, from 1B to 1MiB, but is "2MiB"'],
    ['BELFRY_TRUST', 'yes', 'must be true or false, but is "yes"'],
    ['BELFRY_WORKERS', '0', 'must be a whole number from 1 to 64, but is "0"'],
    ['BELFRY_WORKERS', '1e1', 'must be a whole number from 1 to 64, but is "1e1"'],
    ['BELFRY_ENDPOINT', 'ftp://x', 'must be an absolute http or https URL, but is "ftp://x"'],
    ['BELFRY_ALLOWED_ORIGINS', 'a,,b', expect.stringContaining('items separated by commas')],
  ])('refuses %s=%s and says what is allowed', (variable, text, detail) => {
    expect(read({ [variable]: text })).toMatchObject({ ok: false, problems: [{ variable, detail }] });
  });

  it('reports every problem at once and never shows a secret', () => {
    const result = read({ PORT: 'x', BELFRY_JWT_SECRET: 'hunter2' }, ['--port=1']);
    expect(result).toMatchObject({ ok: false });
    if (result.ok) return;
    expect(result.problems.map((problem) => problem.variable)).toEqual(['--port=1', 'PORT', 'BELFRY_JWT_SECRET']);
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });

  it('asks for what is required', () => {
    const options = { BELFRY_STORE: { type: url(), description: 'The store.' } };
    const table = defineConfig({ program: 'x', summary: 'x', options });
    expect(readConfig(table, {})).toMatchObject({
      ok: false,
      problems: [{ variable: 'BELFRY_STORE', detail: 'is required: an absolute http or https URL' }],
    });
  });

  it('finds values that contradict one another', () => {
    expect(read({ BELFRY_TRUST: 'true' })).toMatchObject({ ok: false, problems: [{ variable: 'BELFRY_TRUST' }] });
    expect(read({ BELFRY_TRUST: 'true', BELFRY_API_KEY: 'k' })).toMatchObject({ ok: true });
  });

  it('warns about what is misspelt', () => {
    expect(read({ BELFRY_ALOWED_ORIGINS: '*', BELFRY_XYZZY: '1', HOME: '/' }).warnings).toEqual([
      { variable: 'BELFRY_ALOWED_ORIGINS', detail: 'is not known here; did you mean BELFRY_ALLOWED_ORIGINS?' },
      { variable: 'BELFRY_XYZZY', detail: 'is not known here' },
    ]);
  });

  it('rejects a default of another type when it is compiled', () => {
    // @ts-expect-error: a port is a number
    defineConfig({ program: 'x', summary: 'x', options: { PORT: { type: port(), default: '80', description: '' } } });
  });
});

/** Runs `loadConfig` like a program and says what it printed and how it ended. */
function run(env: Record<string, string>, ...argv: string[]) {
  const seen = { out: '', err: '', code: undefined as number | undefined };
  class Exit extends Error {}
  try {
    loadConfig(TABLE, {
      env,
      argv: ['node', 'main.ts', ...argv],
      stdout: { write: (text) => (seen.out += text) },
      stderr: { write: (text) => (seen.err += text) },
      exit(code) {
        seen.code = code;
        throw new Exit();
      },
    });
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  }
  return seen;
}

describe('loadConfig', () => {
  it('prints help, grouped, with defaults but without secrets', () => {
    const { out, code } = run({ PORT: 'nonsense' }, '--help');
    expect(code).toBe(0);
    expect(out).toBe(formatHelp(TABLE));
    expect(out).toContain('\nHTTP:\n  PORT (default 8080)\n      Where to listen.\n');
    expect(out).toContain('BELFRY_RETRY_FCM (default 10s,1m)');
    expect(out).toContain('BELFRY_JWT_SECRET (has a default, secret)');
    expect(out).not.toContain('default a-good-secret');
  });

  it('ends a start that cannot work, one line per variable', () => {
    const { err, code } = run({ PORT: 'x', BELFRY_LANES: 'bulk' });
    expect(code).toBe(1);
    expect(err.split('\n')).toEqual([
      'BELFRY_LANES is not known here; did you mean BELFRY_LANE?',
      'PORT must be a port from 0 to 65535, but is "x"',
      '',
    ]);
  });

  it('in a shared environment warns only about what looks misspelt: the rest may be for another service', () => {
    const env = { BELFRY_RETRY_WEBPUSH: '5s', BELFRY_RETRY_FMC: '5s' };
    const { warnings } = readConfig({ ...TABLE, environment: 'shared' }, { ...env, BELFRY_EDGE_API: 'x' });
    expect(warnings).toEqual([
      { variable: 'BELFRY_RETRY_FMC', detail: 'is not known here; did you mean BELFRY_RETRY_FCM?' },
    ]);
  });
});
