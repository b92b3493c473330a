import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@belfry/runtime';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { afterAll, describe, expect, it } from 'vitest';
import { createUserTokenVerifier } from './user-tokens.ts';

const SECRET = 'a secret for tests that is long enough';
const MADE = 'another secret, made on the first start';
const clock = createFakeClock();
const EXP = Math.floor(clock.nowMs() / 1_000) + 60;
const { publicKey, privateKey } = generateKeyPairSync('ed25519');

const folder = mkdtempSync(join(tmpdir(), 'belfry-tokens-'));
const pemFile = join(folder, 'public.pem');
writeFileSync(pemFile, publicKey.export({ format: 'pem', type: 'spki' }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function token(header: object, claims: object, signer: (content: string) => Buffer): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${encode(header)}.${encode({ sub: 'alice', exp: EXP, ...claims })}`;
  return `${content}.${signer(content).toString('base64url')}`;
}
const bySecret = (secret: string, claims = {}) =>
  token({ alg: 'HS256' }, claims, (content) => createHmac('sha256', secret).update(content).digest());
const byKey = (key: KeyObject = privateKey, claims = {}) =>
  token({ alg: 'EdDSA', kid: 'one' }, claims, (content) => sign(null, Buffer.from(content), key));

async function accepts(config: Record<string, string>, jwt: string): Promise<boolean> {
  const logger = createLogger({ level: 'silent' });
  const verify = await createUserTokenVerifier({ config, madeSecret: () => MADE, clock, logger });
  return (await verify(jwt)).ok;
}

describe('user tokens', () => {
  it('are signed with the made secret where nothing is configured, and never with it where something is', async () => {
    expect(await accepts({}, bySecret(MADE))).toBe(true);
    for (const config of [
      { BELFRY_JWT_SECRET: SECRET },
      { BELFRY_JWT_PUBLIC_KEY: pemFile },
      { BELFRY_JWKS_URL: 'http://127.0.0.1:1' },
    ]) {
      expect(await accepts(config, bySecret(MADE))).toBe(false);
    }
  });

  it('may come from several signers, each with its own algorithm', async () => {
    const config = { BELFRY_JWT_SECRET: SECRET, BELFRY_JWT_PUBLIC_KEY: pemFile };
    expect(await accepts(config, bySecret(SECRET))).toBe(true);
    expect(await accepts(config, byKey())).toBe(true);
    expect(await accepts(config, byKey(generateKeyPairSync('ed25519').privateKey))).toBe(false);
    const pem = publicKey.export({ format: 'pem', type: 'spki' }).toString();
    expect(await accepts(config, bySecret(pem))).toBe(false);
    expect(await accepts(config, bySecret(pem.trim()))).toBe(false);
  });

  it('may be signed by an identity provider, whose address is kept as it is written', async () => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(request.url ?? '');
      response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'EdDSA' }] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await accepts({ BELFRY_JWKS_URL: `${origin}/keys/` }, byKey())).toBe(true);
      expect(paths).toEqual(['/keys/']);
    } finally {
      server.close();
    }
  });

  it('must have the issuer and the audience that are configured', async () => {
    const config = { BELFRY_JWT_PUBLIC_KEY: pemFile, BELFRY_JWT_ISSUER: 'https://id', BELFRY_JWT_AUDIENCE: 'belfry' };
    expect(await accepts(config, byKey(privateKey, { iss: 'https://id', aud: 'belfry' }))).toBe(true);
    expect(await accepts(config, byKey(privateKey, { iss: 'https://id', aud: 'shop' }))).toBe(false);
    expect(await accepts(config, byKey(privateKey, { iss: 'https://other', aud: 'belfry' }))).toBe(false);
    expect(await accepts(config, byKey())).toBe(false);
  });
});
