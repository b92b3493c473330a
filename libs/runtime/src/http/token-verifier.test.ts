import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { exportJWK, exportSPKI, generateKeyPair, type JSONWebKeySet, type JWTPayload, SignJWT } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { TokenKeys } from './token-keys.ts';
import { createTokenVerifier } from './token-verifier.ts';

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

async function verify(
  keys: TokenKeys | readonly TokenKeys[],
  jwt: string,
  more: { issuer?: string; audience?: string } = {},
) {
  const verifier = await createTokenVerifier({ keys: [keys].flat(), ...more }, clock);
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
    await expect(verify({ kind: 'secret', secret: 'short', name: 'ITS_NAME' }, '')).rejects.toThrow(
      'ITS_NAME has 5 bytes, fewer than 32',
    );
  });
});

describe('a public key', () => {
  it('must be one of Ed25519', async () => {
    const rsa = await generateKeyPair('RS256', { extractable: true });
    for (const bad of ['', 'no key', SECRET, await exportSPKI(rsa.publicKey)]) {
      await expect(verify({ kind: 'public-key', pem: bad, name: 'ITS_NAME' }, '')).rejects.toThrow(
        'ITS_NAME is no Ed25519 public key (SPKI in PEM)',
      );
    }
  });

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

/** An identity provider: it says what its keys are, or that it is down. */
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function startProvider(first: JSONWebKeySet | undefined) {
  let current = first;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.statusCode = current === undefined ? 500 : 200;
    response.setHeader('content-type', 'application/json').end(current === undefined ? '' : JSON.stringify(current));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    keys: { kind: 'jwks-url', url } as const,
    asked: () => asked,
    answerWith(next: JSONWebKeySet | undefined) {
      current = next;
    },
  };
}

async function keySet(kid = 'one', key = pair.publicKey): Promise<JSONWebKeySet> {
  return { keys: [{ ...(await exportJWK(key)), kid, alg: 'EdDSA' }] };
}

describe('a key set', () => {
  it('accepts a token by its kid and refuses an unknown one', async () => {
    const { keys } = await startProvider(await keySet());
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA', kid: 'one' }, pair.privateKey))).toMatchObject({
      ok: true,
    });
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA', kid: 'two' }, pair.privateKey))).toMatchObject({
      ok: false,
    });
    expect(await verify(keys, await sign(GOOD, { alg: 'HS256', kid: 'one' }, secretKey))).toMatchObject({ ok: false });
  });

  it('never has a secret for an HMAC: not the public key, and not one that the set itself calls so', async () => {
    const oct = { kty: 'oct', k: Buffer.from(SECRET).toString('base64url'), kid: 'oct', alg: 'HS256' };
    const { keys } = await startProvider({ keys: [...(await keySet()).keys, oct] });
    const byOct = await sign(GOOD, { alg: 'HS256', kid: 'oct' }, secretKey);
    expect(await verify(keys, byOct)).toMatchObject({ ok: false });
    const unsigned = `${text({ alg: 'HS256', kid: 'one' })}.${text(GOOD)}`;
    for (const known of [pem, (await exportJWK(pair.publicKey)).x ?? '']) {
      const forged = `${unsigned}.${createHmac('sha256', known).update(unsigned).digest('base64url')}`;
      expect(await verify(keys, forged)).toMatchObject({ ok: false });
    }
  });

  it('that was never fetched is an outage, not the token’s fault', async () => {
    const provider = await startProvider(undefined);
    const verifier = await createTokenVerifier({ keys: [provider.keys] }, clock);
    const jwt = await sign(GOOD, { alg: 'EdDSA', kid: 'one' }, pair.privateKey);
    await expect(verifier(jwt)).rejects.toMatchObject({ code: 'token-keys-unavailable' });
    provider.answerWith(await keySet());
    expect(await verifier(jwt)).toMatchObject({ ok: true });
  });

  it('is renewed every ten minutes, beside the requests; while it cannot be, the last keys go on', async () => {
    const provider = await startProvider(await keySet());
    const failures: unknown[] = [];
    const later = createFakeClock();
    const onRefreshFailed = (error: unknown) => failures.push(error);
    const verifier = await createTokenVerifier({ keys: [provider.keys], onRefreshFailed }, later);
    const claims = { sub: 'alice', exp: NOW_SECONDS + 7_200 };
    const jwt = await sign(claims, { alg: 'EdDSA', kid: 'one' }, pair.privateKey);
    expect(await verifier(jwt)).toMatchObject({ ok: true });
    await later.advance(10 * 60_000 - 1);
    expect(await verifier(jwt)).toMatchObject({ ok: true });
    expect(provider.asked()).toBe(1);

    provider.answerWith(undefined);
    await later.advance(1);
    expect(await verifier(jwt)).toMatchObject({ ok: true });
    await vi.waitFor(() => expect(failures).toHaveLength(1), { timeout: 10_000 });
    expect(await verifier(jwt)).toMatchObject({ ok: true });
    expect(provider.asked()).toBe(2);

    provider.answerWith(await keySet('two', stranger.publicKey));
    await later.advance(10 * 60_000);
    await verifier(jwt);
    await vi.waitFor(async () => expect(await verifier(jwt)).toMatchObject({ ok: false }), { timeout: 10_000 });
  });
});

describe('several sources', () => {
  const secret = { kind: 'secret', secret: SECRET } as const;

  it('each accept what was signed for them', async () => {
    const provider = await startProvider(await keySet('two', stranger.publicKey));
    const keys = [secret, { kind: 'public-key', pem } as const, provider.keys];
    expect(await verify(keys, await sign(GOOD, { alg: 'HS256' }, secretKey))).toMatchObject({ ok: true });
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA' }, pair.privateKey))).toMatchObject({ ok: true });
    expect(provider.asked()).toBe(0);
    const bySet = await sign(GOOD, { alg: 'EdDSA', kid: 'two' }, stranger.privateKey);
    expect(await verify(keys, bySet)).toMatchObject({ ok: true });
  });

  it('never check with the key of one by the algorithm of another', async () => {
    const provider = await startProvider(await keySet());
    const keys = [secret, { kind: 'public-key', pem } as const, provider.keys];
    const { x = '' } = await exportJWK(pair.publicKey);
    const known = [pem, pem.trim(), x, Buffer.from(x, 'base64url')];
    for (const alg of ['HS256', 'HS384', 'HS512', 'EdDSA', 'none']) {
      const unsigned = `${text({ alg, kid: 'one' })}.${text(GOOD)}`;
      for (const key of known) {
        const forged = `${unsigned}.${createHmac('sha256', key).update(unsigned).digest('base64url')}`;
        expect(await verify(keys, forged)).toMatchObject({ ok: false });
      }
      expect(await verify(keys, `${unsigned}.`)).toMatchObject({ ok: false });
    }
    const other = await generateKeyPair('EdDSA');
    expect(await verify(keys, await sign(GOOD, { alg: 'EdDSA', kid: 'one' }, other.privateKey))).toMatchObject({
      ok: false,
    });
  });

  it('refuse for good what one of them has signed and is wrong otherwise', async () => {
    const provider = await startProvider(undefined);
    const keys = [{ kind: 'public-key', pem } as const, provider.keys];
    const old = await sign({ ...GOOD, exp: NOW_SECONDS - 60 }, { alg: 'EdDSA' }, pair.privateKey);
    expect(await verify(keys, old)).toEqual({ ok: false, detail: 'The token has expired.' });
    const unknown = await sign(GOOD, { alg: 'EdDSA' }, stranger.privateKey);
    await expect(verify(keys, unknown)).rejects.toMatchObject({ code: 'token-keys-unavailable' });
  });
});
