import { createPublicKey, verify } from 'node:crypto';
import { isRecord } from '../parse-script.ts';

export type VapidCheck =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 401 | 403; readonly reason: string };

export type VapidExpectation = {
  /** Origin of the endpoint: the only `aud` that is taken. */
  readonly origin: string;
  /** The key that the subscription is bound to, base64url. */
  readonly applicationServerKey: string;
  readonly nowMs: number;
};

const SCHEME = /^vapid\s+(.+)$/i;
const MAX_LIFETIME_S = 24 * 60 * 60;
/** Allowed difference between the sender's clock and this one. */
const CLOCK_SKEW_S = 60;

/** Checks an Authorization header by RFC 8292: scheme, ES256 signature, aud, exp ≤ 24 h, sub, and the key (§4.2) → 403. */
export function verifyVapid(authorization: string | undefined, expected: VapidExpectation): VapidCheck {
  const parameters = SCHEME.exec(authorization ?? '')?.[1];
  if (!parameters) return unauthorized('Authorization must use the vapid scheme');
  const { t: token, k: key } = parseParameters(parameters);
  if (!token || !key) return unauthorized('vapid needs t and k');
  if (key !== expected.applicationServerKey) {
    return { ok: false, status: 403, reason: 'the VAPID key does not correspond to the subscription' };
  }
  const [header, claims, signature, ...rest] = token.split('.');
  if (!header || !claims || !signature || rest.length > 0) return unauthorized('t is not a JWT');
  if (parseJson(header)?.alg !== 'ES256') return unauthorized('the JWT must be signed with ES256');
  if (!isSignedBy(key, `${header}.${claims}`, signature)) return unauthorized('the JWT signature is wrong');
  return checkClaims(parseJson(claims), expected);
}

function checkClaims(claims: Readonly<Record<string, unknown>> | undefined, expected: VapidExpectation): VapidCheck {
  const now = expected.nowMs / 1000;
  if (claims?.aud !== expected.origin) return unauthorized('aud must be the origin of the push service');
  if (typeof claims.exp !== 'number') return unauthorized('exp must be a number');
  if (claims.exp < now - CLOCK_SKEW_S) return unauthorized('the JWT is expired');
  if (claims.exp > now + MAX_LIFETIME_S + CLOCK_SKEW_S) return unauthorized('exp is more than 24 hours away');
  if (typeof claims.sub !== 'string' || !/^(mailto:.+@.+|https:\/\/.+)$/.test(claims.sub)) {
    return unauthorized('sub must be a mailto: or https: address');
  }
  return { ok: true };
}

function isSignedBy(key: string, signed: string, signature: string): boolean {
  const point = Buffer.from(key, 'base64url');
  if (point.length !== 65 || point[0] !== 4) return false;
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  try {
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(
      'sha256',
      Buffer.from(signed),
      { key: publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
  } catch {
    return false;
  }
}

function parseParameters(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, name, value] = /^\s*([a-z]+)\s*=\s*"?([^"\s]*)"?\s*$/i.exec(part) ?? [];
    if (name) found[name.toLowerCase()] = value ?? '';
  }
  return found;
}

function parseJson(part: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function unauthorized(reason: string): VapidCheck {
  return { ok: false, status: 401, reason };
}
