import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { startStandalone, type TestStandalone } from './standalone.fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

const folder = mkdtempSync(join(tmpdir(), 'belfry-user-tokens-'));
let belfry: TestStandalone | undefined;
afterEach(async () => {
  await belfry?.stop();
  rmSync(folder, { recursive: true, force: true });
});

it('with a public key tokens of its owner open the API and the live connection, and no secret does', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
  const file = join(folder, 'public.pem');
  writeFileSync(file, pem);
  const data = join(folder, 'data');
  belfry = await startStandalone({ BELFRY_JWT_PUBLIC_KEY: file, BELFRY_JWT_AUDIENCE: 'belfry' }, data);
  expect(readdirSync(data)).not.toContain('jwt-secret');

  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (alg: string, claims: object, signer: (content: string) => Buffer) => {
    const exp = Math.floor(Date.now() / 1_000) + 60;
    const content = `${encode({ alg })}.${encode({ sub: 'alice', exp, ...claims })}`;
    return `${content}.${signer(content).toString('base64url')}`;
  };
  const byOwner = (content: string) => sign(null, Buffer.from(content), privateKey);
  const statuses = async (jwt: string) => {
    const stop = new AbortController();
    const init = { headers: { authorization: `Bearer ${jwt}` }, signal: stop.signal };
    const inbox = await fetch(`${belfry?.url}/v1/users/alice/inbox`, init);
    const events = await fetch(`${belfry?.url}/v1/events`, init);
    stop.abort();
    return [inbox.status, events.status];
  };
  expect(await statuses(token('EdDSA', { aud: 'belfry' }, byOwner))).toEqual([200, 200]);
  expect(await statuses(token('EdDSA', { aud: 'shop' }, byOwner))).toEqual([401, 401]);
  const forged = token('HS256', { aud: 'belfry' }, (content) => createHmac('sha256', pem).update(content).digest());
  expect(await statuses(forged)).toEqual([401, 401]);
});
