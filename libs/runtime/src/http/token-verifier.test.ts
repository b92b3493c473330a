import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { exportJWK, exportSPKI, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTokenVerifier, type TokenKeys } from './token-verifier.ts';

const clock = createFakeClock();
const NOW_SECONDS = Math.floor(clock.nowMs() / 1_000);
const SECRET = 'a shared secret of thirty-two bytes or more';
const secretKey = new TextEncoder().encode(SECRET);
const GOOD: JWTPayload = { sub: 'alice', exp: NOW_SECONDS + 60 };

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
let pair: Pair;
let stranger: Pair;
let pem: string;

beforeAll(async () => {
  pair = await generateKeyPair('EdDSA', { extractable: true });
  stranger = await generateKeyPair('EdDSA', { extractable: true });
  pem = await exportSPKI(pair.publicKey);
});

type SigningKey = Parameters<SignJWT['sign']>[0];

function sign(claims: JWTPayload, header: { alg: string; kid?: string }, key: SigningKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader(header).sign(key);
}

async function verify(keys: TokenKeys, jwt: string, more: { issuer?: string; audience?: string } = {}) {
  const verifier = await createTokenVerifier({ keys, ...more }, clock);
  return verifier(jwt);
}

const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a shared secret', () => {
  const keys = { kind: 'secret', secret: SECRET } as const;

  it('accepts a token and reads user, tenant and end', async () => {
    const jwt = await sign({ ...GOOD, tenant: 'acme' }, { alg: 'HS256' }, secretKey);
    const expected = { user: 'alice', tenant: 'acme', expiresAtMs: (NOW_SECONDS + 60) * 1_000 };
    expect(await verify(keys, jwt)).toEqual({ ok: true, token: expected });
  });

  it.each<[string, JWTPayload, RegExp]>([
    ['that has expired', { ...GOOD, exp: NOW_SECONDS - 6 }, /expired/],
    ['without an end', { sub: 'alice' }, /`exp`/],
    ['without a user', { exp: NOW_SECONDS + 60 }, /`sub`/],
    ['with an empty user', { ...GOOD, sub: '' }, /`sub`/],
    ['with a user that is no name', { ...GOOD, sub: 'a/b' }, /`sub`/],
    ['with a tenant that is no name', { ...GOOD, tenant: ['x'] }, /`tenant`/],
    ['that is not valid yet', { ...GOOD, nbf: NOW_SECONDS + 30 }, /`nbf`/],
  ])('refuses a token %s', async (_name, claims, detail) => {
    const jwt = await sign(claims, { alg: 'HS256' }, secretKey);
    expect(await verify(keys, jwt)).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  });

  it('refuses another algorithm, none at all, another secret, and noise', async () => {
    const refused = { ok: false, detail: expect.stringContaining('not valid') };
    expect(await verify(keys, await sign(GOOD, { alg: 'HS512' }, secretKey))).toEqual(refused);
    expect(await verify(keys, `${text({ alg: 'none' })}.${text(GOOD)}.`)).toEqual(refused);
    expect(await verify(keys, await sign(GOOD, { alg: 'HS256' }, new TextEncoder().encode(`${SECRET}!`)))).toEqual(
      refused,
    );
    expect(await verify(keys, 'a.b.c')).toEqual(refused);
    expect(await verify(keys, '')).toEqual(refused);
  });

  it('checks issuer and audience where they are configured', async () => {
    const wanted = { issuer: 'https://id.example', audience: 'belfry' };
    const jwt = (claims: JWTPayload) => sign({ ...GOOD, ...claims }, { alg: 'HS256' }, secretKey);
    expect(await verify(keys, await jwt({ iss: wanted.issuer, aud: wanted.audience }), wanted)).toMatchObject({
      ok: true,
    });
    expect(await verify(keys, await jwt({ iss: 'https://other', aud: 'belfry' }), wanted)).toMatchObject({ ok: false });
    expect(await verify(keys, await jwt({ iss: wanted.issuer, aud: 'other' }), wanted)).toMatchObject({ ok: false });
    expect(await verify(keys, await jwt({}), wanted)).toMatchObject({ ok: false });
  });

  it('must be long enough to resist guessing', async () => {
    await expect(createTokenVerifier({ keys: { kind: 'secret', secret: 'short' } }, clock)).rejects.toThrow(
      /fewer than 32/,
    );
  });
});

describe('a public key', () => {
  it('accepts what its owner signed, nobody else', async () => {
    const keys = { kind: 'public-key', pem } as const;
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA' }, pair.privateKey))).toMatchObject({ ok: true });
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA' }, stranger.privateKey))).toMatchObject({ ok: false });
  });

  it('is never taken for the secret of an HMAC, although everybody knows it', async () => {
    const unsigned = `${text({ alg: 'HS256' })}.${text(GOOD)}`;
    for (const key of [pem, pem.trim()]) {
      const forged = `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`;
      expect(await verify({ kind: 'public-key', pem }, forged)).toMatchObject({ ok: false });
    }
  });
});

describe('a key set', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });

  async function keySet(): Promise<JSONWebKeySet> {
    return { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'one', alg: 'EdDSA' }] };
  }

  it('accepts a token by its kid and refuses an unknown one', async () => {
    const keys = { kind: 'jwks', keys: await keySet() } as const;
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA', kid: 'one' }, pair.privateKey))).toMatchObject({
      ok: true,
    });
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA', kid: 'two' }, pair.privateKey))).toMatchObject({
      ok: false,
    });
    expect(await verify(keys, await sign(GOOD, { alg: 'HS256', kid: 'one' }, secretKey))).toMatchObject({ ok: false });
  });

  it('is fetched from its address; an address that fails is our fault, not the token’s', async () => {
    let body: string | undefined = JSON.stringify(await keySet());
    const server = createServer((_request, response) => {
      response.statusCode = body === undefined ? 500 : 200;
      response.setHeader('content-type', 'application/json').end(body ?? '');
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const keys = { kind: 'jwks-url', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` } as const;
    const jwt = await sign(GOOD, { alg: 'EdDSA', kid: 'one' }, pair.privateKey);
    expect(await verify(keys, jwt)).toMatchObject({ ok: true });
    body = undefined;
    await expect(verify(keys, jwt)).rejects.toThrow();
  });
});
