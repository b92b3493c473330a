import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { start } from './start.ts';

vi.setConfig({ testTimeout: 60_000 });

const MAIN = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'belfry-configuration-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is wrong never shows what is in a file or in a secret. */
const SECRET = 'hidden-in-here';

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const ENV = { PORT: '0', BELFRY_DATA: join(folder, 'data'), BELFRY_SIMULATOR: 'false' };
type Ended = { readonly code: number | null; readonly printed: string };

/** What `main.ts` does, in this process: only for what ends it before the log and the store are opened. */
async function startHere(env: Readonly<Record<string, string>>): Promise<Ended> {
  class Exit extends Error {}
  const ended = { code: null as number | null, printed: '' };
  const write = (text: string) => {
    ended.printed += text;
  };
  const exit = (code: number): never => {
    ended.code = code;
    throw new Exit();
  };
  const edge = { env: { ...ENV, ...env }, argv: ['node', MAIN], stdout: { write }, stderr: { write }, exit };
  await start(edge as unknown as NodeJS.Process).catch((error: unknown) => {
    if (!(error instanceof Exit)) throw error;
  });
  return ended;
}

/** As a user would. */
async function startProcess(env: Readonly<Record<string, string>>): Promise<Ended> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, [MAIN], { env: { PATH, ...ENV, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      printed += chunk;
    });
  }
  // A wrong setting that it starts with would otherwise be waited for until the test ends.
  child.stdout.on('data', () => printed.includes('Belfry is up') && child.kill('SIGKILL'));
  const [code] = await once(child, 'close');
  return { code: code as number | null, printed };
}

function expectToName({ code, printed }: Ended, variable: string): void {
  expect(printed).toMatch(new RegExp(`^(?:Belfry did not start: )?${variable}[ :]`));
  expect(printed.trim().split('\n')).toHaveLength(1);
  expect(printed).not.toContain(SECRET);
  expect(code).toBe(1);
}

describe('a setting that cannot work ends the start with its name', () => {
  it.each([
    ['BELFRY_WEBPUSH_SUBJECT', 'foo'],
    ['BELFRY_WEBPUSH_SUBJECT', 'mailto:ops@localhost'],
    ['BELFRY_WEBPUSH_ALLOWED_HOSTS', 'bad'],
    ['BELFRY_FCM_PROJECT', 'a b'],
    ['BELFRY_FCM_ENDPOINT', 'phones'],
    ['BELFRY_VAPID_KEYS', '/nope'],
    ['BELFRY_VAPID_KEYS', file('vapid.json', JSON.stringify([{ publicKey: SECRET }]))],
    ['BELFRY_ALLOWED_ORIGINS', 'foo'],
    ['BELFRY_CONSOLE_ORIGINS', '*'],
    ['BELFRY_API_KEY', `${SECRET} a`],
    ['BELFRY_API_KEY_FILE', '/nope'],
    ['BELFRY_API_KEY_FILE', file('key', `${SECRET} a`)],
    ['BELFRY_API_KEYS', '/nope'],
    ['BELFRY_API_KEYS', file('keys.json', JSON.stringify([{ id: 'a', key: SECRET }]))],
    ['BELFRY_JWT_SECRET_FILE', file('empty', '')],
    ['BELFRY_JWT_PUBLIC_KEY', '/nope'],
    ['BELFRY_JWT_PUBLIC_KEY', file('key.pem', SECRET)],
    ['BELFRY_JWKS_URL', 'keys'],
    ['BELFRY_COOKIE_SECRET_FILE', '/nope'],
    ['BELFRY_DATA', file('no-folder', '')],
  ])('%s=%s', async (variable, value) => {
    expectToName(await startHere({ [variable]: value }), variable);
  });

  it.each([
    ['BELFRY_WEBPUSH_SUBJECT', 'foo'],
    ['GOOGLE_APPLICATION_CREDENTIALS', '/nope.json'],
    ['GOOGLE_APPLICATION_CREDENTIALS', file('account.json', JSON.stringify({ project_id: SECRET }))],
  ])('%s=%s, in a process of its own', async (variable, value) => {
    expectToName(await startProcess({ [variable]: value }), variable);
  });

  it('BELFRY_FCM_ENDPOINT without a project', async () => {
    const { code, printed } = await startHere({ BELFRY_FCM_ENDPOINT: 'http://127.0.0.1:1' });
    expect(printed).toMatch(/^BELFRY_FCM_PROJECT is required with BELFRY_FCM_ENDPOINT/);
    expect(code).toBe(1);
  });

  it('a secret of user tokens that can be guessed, where others can connect', async () => {
    const open = { BELFRY_HOST: '0.0.0.0' };
    expect((await startHere({ ...open, BELFRY_JWT_SECRET: 'short' })).printed).toMatch(/^BELFRY_JWT_SECRET must have/);
    const { printed } = await startHere({ ...open, BELFRY_JWT_SECRET_FILE: file('short', 'short') });
    expect(printed).toContain('BELFRY_JWT_SECRET_FILE has 5 bytes, fewer than 32');
  });
});
