import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startStandalone, type TestStandalone } from './standalone.fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

const keyOf = (id: string): string => `bk_${id}_0123456789abcdefghijklmnop`;
const entry = (id: string, tenant: string, scopes: readonly string[], expiresAt?: string) => ({
  id,
  tenant,
  scopes,
  key: keyOf(id),
  ...(expiresAt === undefined ? {} : { expiresAt }),
});

let folder: string;
let belfry: TestStandalone | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'belfry-keys-file-'));
});
afterEach(async () => {
  await belfry?.stop();
  belfry = undefined;
  rmSync(folder, { recursive: true, force: true });
});

/** On the same data each time. */
async function restart(entries: readonly unknown[], env: Readonly<Record<string, string>> = {}): Promise<void> {
  await belfry?.stop();
  const file = join(folder, 'api-keys.json');
  writeFileSync(file, JSON.stringify(entries));
  belfry = await startStandalone({ BELFRY_API_KEYS: file, ...env }, join(folder, 'data'));
}

async function call(key: string, method: string, path: string, body?: unknown) {
  const response = await fetch(`${belfry?.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const post = (key: string, id: string) =>
  call(key, 'POST', '/v1/notifications', { id, to: { users: ['ann'] }, type: 't', title: 'T' });

describe('keys of BELFRY_API_KEYS', () => {
  it('do what their scopes say, in their tenant, until they end', async () => {
    await restart([
      entry('shop-writer', 'shop', ['notifications:write']),
      entry('shop-reader', 'shop', ['notifications:read']),
      entry('bank', 'bank', ['admin']),
      entry('old', 'shop', ['admin'], '2020-01-01T00:00:00Z'),
      entry('young', 'shop', ['notifications:read'], '2999-01-01T00:00:00Z'),
    ]);
    expect(await post(keyOf('shop-writer'), 'order-1')).toMatchObject({ status: 202 });
    expect(await call(keyOf('shop-writer'), 'GET', '/v1/notifications/order-1')).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: 'The API key needs the scope notifications:read.' },
    });
    expect(await post(keyOf('shop-reader'), 'order-2')).toMatchObject({ status: 403 });
    for (const id of ['shop-reader', 'young']) {
      expect(await call(keyOf(id), 'GET', '/v1/notifications/order-1')).toMatchObject({ status: 200 });
    }

    expect(await call(keyOf('bank'), 'GET', '/v1/notifications/order-1')).toMatchObject({ status: 404 });
    expect(await call(belfry?.apiKey ?? '', 'GET', '/v1/notifications/order-1')).toMatchObject({ status: 404 });
    expect(await call(keyOf('bank'), 'GET', '/v1/users/ann/inbox')).toMatchObject({ body: { items: [], unread: 0 } });
    expect(await call(keyOf('bank'), 'DELETE', '/v1/notifications/order-1')).toMatchObject({ status: 404 });

    expect(await call(keyOf('old'), 'GET', '/v1/notifications/order-1')).toMatchObject({
      status: 401,
      body: { detail: 'The API key has expired.' },
    });
    expect(await call(`${keyOf('shop-reader')}x`, 'GET', '/v1/notifications/order-1')).toMatchObject({ status: 401 });
  });

  it('stop working when they are taken out of the file, as a replaced BELFRY_API_KEY does', async () => {
    const [stays, goes] = [entry('stays', 'shop', ['admin']), entry('goes', 'shop', ['admin'])];
    await restart([stays, goes], { BELFRY_API_KEY: 'the-first-key' });
    for (const key of [stays.key, goes.key, 'the-first-key']) {
      expect((await call(key, 'GET', '/v1/dead-letters')).status).toBe(200);
    }
    await restart([{ ...stays, scopes: ['users:read'] }], { BELFRY_API_KEY: 'the-second-key' });
    expect((await call(stays.key, 'GET', '/v1/users/ann/inbox')).status).toBe(200);
    expect((await call(stays.key, 'GET', '/v1/dead-letters')).status).toBe(403);
    expect((await call('the-second-key', 'GET', '/v1/dead-letters')).status).toBe(200);
    for (const key of [goes.key, 'the-first-key']) {
      expect((await call(key, 'GET', '/v1/dead-letters')).status).toBe(401);
    }
  });
});
