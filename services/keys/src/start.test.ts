import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { start } from './start.ts';

async function run(env: Readonly<Record<string, string>>) {
  const ended = { code: 0, out: '', err: '' };
  class Exit extends Error {}
  const edge = {
    env,
    argv: ['node', 'main.ts'],
    stdout: { write: (text: string) => (ended.out += text) },
    stderr: { write: (text: string) => (ended.err += text) },
    exit(code: number): never {
      ended.code = code;
      throw new Exit();
    },
  };
  await start(edge as unknown as NodeJS.Process).catch((error: unknown) => {
    if (!(error instanceof Exit)) throw error;
  });
  return ended;
}

describe('a new API key', () => {
  it('is printed with its entry, in which it cannot be read', async () => {
    const { out } = await run({ BELFRY_NEW_API_KEY: 'billing', BELFRY_NEW_API_KEY_TENANT: 'acme' });
    const [, key = '', text = ''] = /^key {4}(bk_billing_[\w-]{43})\nentry {2}(\{.*\})\n$/.exec(out) ?? [];
    expect(JSON.parse(text)).toEqual({
      id: 'billing',
      tenant: 'acme',
      scopes: ['notifications:write', 'notifications:read'],
      sha256: createHash('sha256').update(key).digest('hex'),
    });
  });

  it.each([
    [{ BELFRY_NEW_API_KEY: 'a b' }, 'BELFRY_NEW_API_KEY must be 1 to 64 letters, digits and "-"\n'],
    [
      { BELFRY_NEW_API_KEY: 'a', BELFRY_NEW_API_KEY_TENANT: 'a/b' },
      'BELFRY_NEW_API_KEY_TENANT a tenant has no control characters and no "/"\n',
    ],
    [{ BELFRY_NEW_API_KEY: 'a', BELFRY_NEW_API_KEY_SCOPES: 'none' }, 'BELFRY_NEW_API_KEY_SCOPES must have at least'],
    [{}, 'BELFRY_KEYS is required: a file path\n'],
  ])('names the variable that is wrong: %j', async (env, message) => {
    const { code, err } = await run(env as Record<string, string>);
    expect(err).toContain(message);
    expect(code).toBe(1);
  });
});
