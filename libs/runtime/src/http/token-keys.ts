import type { Clock } from '@belfry/core/clock';
import { UnavailableError } from '@belfry/core/unavailable-error';
import { createRemoteJWKSet, errors, importSPKI, type JWTVerifyGetKey } from 'jose';

/** Who may sign user tokens. Each source pins its algorithms: a token never chooses how it is checked. */
export type TokenKeys =
  /** HS256 with a shared secret of at least 32 bytes (RFC 7518 §3.2), or of `minBytes` where only this machine can connect. `name` is for errors. */
  | { readonly kind: 'secret'; readonly secret: string; readonly minBytes?: number; readonly name?: string }
  /** Ed25519 public key, SPKI in PEM. `name` is for errors. */
  | { readonly kind: 'public-key'; readonly pem: string; readonly name?: string }
  /** Key set of an identity provider (RFC 7517 §5): fetched when it is first needed, every ten minutes, and for an unknown `kid` at most every 30 s. */
  | { readonly kind: 'jwks-url'; readonly url: string };

export type TokenKeySource = { readonly key: JWTVerifyGetKey; readonly algorithms: readonly string[] };

const SECRET_BYTES_MIN = 32;
/** The set is there, and has no key, or no single one, for the token. */
export const NO_SUCH_KEY: ReadonlySet<string> = new Set([
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JOSENotSupported.code,
]);
/** A key that was taken out of its set is good for this long, and for the request that notices. */
const KEY_SET_MAX_AGE_MS = 10 * 60 * 1_000;

/** Rejects, in words for an operator, with a key that cannot work. */
export async function resolveTokenKeys(
  keys: TokenKeys,
  clock: Clock,
  onRefreshFailed: (error: unknown) => void = () => {},
): Promise<TokenKeySource> {
  switch (keys.kind) {
    case 'secret': {
      const secret = new TextEncoder().encode(keys.secret);
      const { minBytes = SECRET_BYTES_MIN, name = 'the JWT secret' } = keys;
      if (secret.length < minBytes) throw new Error(`${name} has ${secret.length} bytes, fewer than ${minBytes}`);
      return { key: async () => secret, algorithms: ['HS256'] };
    }
    case 'public-key': {
      const publicKey = await importSPKI(keys.pem, 'EdDSA').catch((cause: unknown) => {
        throw new Error(`${keys.name ?? 'the JWT key'} is no Ed25519 public key (SPKI in PEM)`, { cause });
      });
      return { key: async () => publicKey, algorithms: ['EdDSA', 'Ed25519'] };
    }
    case 'jwks-url':
      return { key: keySet(keys.url, clock, onRefreshFailed), algorithms: ['EdDSA', 'Ed25519', 'ES256', 'RS256'] };
  }
}

/** Renewed beside the requests and not before them, so that a provider that is away or slow for a while keeps nobody out whose key is known. */
function keySet(url: string, clock: Clock, onRefreshFailed: (error: unknown) => void): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), { cacheMaxAge: Number.POSITIVE_INFINITY });
  let renewedMs = clock.monotonicMs();
  return (header, token) => {
    const nowMs = clock.monotonicMs();
    if (remote.jwks() !== undefined && nowMs - renewedMs >= KEY_SET_MAX_AGE_MS) {
      renewedMs = nowMs;
      remote.reload().catch(onRefreshFailed);
    }
    return remote(header, token).catch((cause: unknown) => {
      if (cause instanceof errors.JOSEError && NO_SUCH_KEY.has(cause.code)) throw cause;
      throw new UnavailableError('token-keys-unavailable', `the key set at ${url} cannot be fetched`, { cause });
    });
  };
}
