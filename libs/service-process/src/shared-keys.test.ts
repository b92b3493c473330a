import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { credential, vapidKeys } from './credentials.ts';
import { KEY_FILES, makeKeys, readKey, readVapidKeys } from './shared-keys.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-keys-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('makeKeys', () => {
  it('makes each once, for the owner alone, and leaves nothing else behind', async () => {
    const made = await makeKeys(folder, createSeededRandom(1));
    expect(made).toEqual(Object.values(KEY_FILES).map((name) => join(folder, name)));
    expect(readdirSync(folder).toSorted()).toEqual(Object.values(KEY_FILES).toSorted());
    for (const name of Object.values(KEY_FILES)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    const before = Object.values(KEY_FILES).map(read);
    expect(await makeKeys(folder, createSeededRandom(2))).toEqual([]);
    expect(Object.values(KEY_FILES).map(read)).toEqual(before);
    expect(readKey(folder, 'apiKey', 'BELFRY_KEYS')).toMatch(/^bk_dev_[\w-]{43}$/);
    expect(Buffer.from(readKey(folder, 'jwtSecret', 'BELFRY_KEYS'), 'base64url')).toHaveLength(32);
    expect(await readVapidKeys(join(folder, KEY_FILES.vapidKeys), 'BELFRY_KEYS')).toHaveLength(1);
  });

  it('gives the same keys to all that make them at once', async () => {
    const program = `
      const { makeKeys, readKey } = await import(${JSON.stringify(join(import.meta.dirname, 'shared-keys.ts'))});
      const { randomBytes } = await import('node:crypto');
      await makeKeys(process.argv[1], { next: Math.random, bytes: (length) => randomBytes(length) });
      console.log(readKey(process.argv[1], 'apiKey', ''), readKey(process.argv[1], 'cookieSecret', ''));`;
    const seen = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], { stdio: 'pipe' });
        let output = '';
        child.stdout.on('data', (chunk) => {
          output += chunk;
        });
        await once(child, 'close');
        return output;
      }),
    );
    expect(seen[0]).toMatch(/^bk_dev_\S+ \S+\n$/);
    expect(new Set(seen).size).toBe(1);
  }, 60_000);
});

describe('credentials', () => {
  it('are the variable, its file or the folder, in this order', async () => {
    await makeKeys(folder, createSeededRandom(1));
    const file = join(folder, 'other');
    writeFileSync(file, 'from-file');
    expect(credential({ BELFRY_API_KEY: 'given', BELFRY_KEYS: folder }, 'apiKey')).toBe('given');
    expect(credential({ BELFRY_API_KEY_FILE: file, BELFRY_KEYS: folder }, 'apiKey')).toBe('from-file');
    expect(credential({ BELFRY_KEYS: folder }, 'cookieSecret')).toBe(read('cookie-secret').trim());
    const [key] = await vapidKeys({ BELFRY_KEYS: folder });
    expect(await vapidKeys({ BELFRY_VAPID_KEYS: join(folder, KEY_FILES.vapidKeys) })).toEqual([key]);
  });

  it('say what to set, or what makes the file, when there are none', async () => {
    expect(() => credential({}, 'jwtSecret')).toThrow(
      'BELFRY_JWT_SECRET, BELFRY_JWT_SECRET_FILE, BELFRY_JWT_PUBLIC_KEY, BELFRY_JWKS_URL or BELFRY_KEYS is required',
    );
    await expect(vapidKeys({})).rejects.toThrow('BELFRY_VAPID_KEYS or BELFRY_KEYS is required');
    expect(() => credential({ BELFRY_KEYS: folder }, 'apiKey')).toThrow(
      /^BELFRY_KEYS: .*api-key is missing; services\/keys makes it$/,
    );
  });

  it('name the variable, the file and the field of a VAPID key that is wrong, and never what is in it', async () => {
    const file = join(folder, 'vapid-keys.json');
    const cases = [
      ['s3cret', /^BELFRY_VAPID_KEYS: .*vapid-keys\.json is not JSON$/],
      ['[]', /must be a list with at least one VAPID key$/],
      ['[{"publicKey":"s3cret"}]', /\/0\/publicKey must be 65 bytes/],
    ] as const;
    for (const [text, message] of cases) {
      writeFileSync(file, text);
      await expect(readVapidKeys(file, 'BELFRY_VAPID_KEYS')).rejects.toThrow(message);
      await expect(readVapidKeys(file, 'BELFRY_VAPID_KEYS')).rejects.not.toThrow(/s3cret/);
    }
  });
});
