import type { Clock } from '@belfry/core/clock';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  importSPKI,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose';

/** Who may sign user tokens. Each source pins its algorithms: a token never chooses how it is checked. */
export type TokenKeys =
  /** HS256 with a shared secret of at least 32 bytes (RFC 7518 §3.2), or of `minBytes` where only this machine can connect. */
  | { readonly kind: 'secret'; readonly secret: string; readonly minBytes?: number }
  /** Ed25519 public key, SPKI in PEM. */
  | { readonly kind: 'public-key'; readonly pem: string }
  /** Key set of an identity provider; fetched when needed, again for an unknown `kid` (at most every 30 s). */
  | { readonly kind: 'jwks-url'; readonly url: string }
  | { readonly kind: 'jwks'; readonly keys: JSONWebKeySet };

export type TokenOptions = {
  readonly keys: TokenKeys;
  readonly issuer?: string;
  readonly audience?: string;
};

export type UserToken = { readonly user: string; readonly tenant: string; readonly expiresAtMs: number };

export type TokenResult =
  | { readonly ok: true; readonly token: UserToken }
  /** `detail` may be shown to whoever sent the token. */
  | { readonly ok: false; readonly detail: string };

export type TokenVerifier = (jwt: string) => Promise<TokenResult>;

const SECRET_BYTES_MIN = 32;
const PUBLIC_KEY_ALGORITHMS = ['EdDSA', 'Ed25519', 'ES256', 'RS256'];
/** Clocks of two machines differ; more than this is a machine to repair. */
const CLOCK_TOLERANCE_SECONDS = 5;
const NAME = /^[^\p{Cc}/]{1,128}$/u;

/**
 * Verifies JWTs: signature by a pinned algorithm, `exp` required, `nbf`, `iss` and `aud` where given, `sub` is the user, `tenant` the tenant
 * (`default` without one). Rejects when it is made with a key that cannot work.
 */
export async function createTokenVerifier(
  { keys, issuer, audience }: TokenOptions,
  clock: Clock,
): Promise<TokenVerifier> {
  const { key, algorithms } = await resolveKeys(keys);
  return async (jwt) => {
    const options: JWTVerifyOptions = {
      algorithms,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.nowMs()),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    try {
      const { payload } = await jwtVerify(jwt, key, options);
      return readClaims(payload);
    } catch (error) {
      const detail = refusal(error);
      if (detail === undefined) throw error;
      return { ok: false, detail };
    }
  };
}

async function resolveKeys(keys: TokenKeys): Promise<{ key: JWTVerifyGetKey; algorithms: string[] }> {
  if (keys.kind === 'secret') {
    const secret = new TextEncoder().encode(keys.secret);
    const minBytes = keys.minBytes ?? SECRET_BYTES_MIN;
    if (secret.length < minBytes) throw new Error(`the JWT secret has ${secret.length} bytes, fewer than ${minBytes}`);
    return { key: async () => secret, algorithms: ['HS256'] };
  }
  if (keys.kind === 'public-key') {
    const publicKey = await importSPKI(keys.pem, 'EdDSA');
    return { key: async () => publicKey, algorithms: ['EdDSA', 'Ed25519'] };
  }
  const key = keys.kind === 'jwks' ? createLocalJWKSet(keys.keys) : createRemoteJWKSet(new URL(keys.url));
  return { key, algorithms: PUBLIC_KEY_ALGORITHMS };
}

function readClaims(payload: JWTPayload): TokenResult {
  const { sub, tenant = 'default', exp = 0 } = payload;
  if (typeof sub !== 'string' || !NAME.test(sub)) return { ok: false, detail: 'The token has no usable `sub` claim.' };
  if (typeof tenant !== 'string' || !NAME.test(tenant))
    return { ok: false, detail: 'The `tenant` claim is not usable.' };
  return { ok: true, token: { user: sub, tenant, expiresAtMs: exp * 1_000 } };
}

/** Errors of jose that say something about the token. Any other is about the keys: a set that cannot be fetched, for one. */
const REFUSALS: ReadonlySet<string> = new Set([
  errors.JWSInvalid.code,
  errors.JWTInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JWKSNoMatchingKey.code,
  errors.JWKSMultipleMatchingKeys.code,
  errors.JOSEAlgNotAllowed.code,
  errors.JOSENotSupported.code,
]);

/** What to tell the sender; undefined where the fault is ours. */
function refusal(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return `The \`${error.claim}\` claim of the token is missing or wrong.`;
  }
  const refused = error instanceof errors.JOSEError && REFUSALS.has(error.code);
  return refused ? 'The token is not valid: it is malformed, or not signed by a known key.' : undefined;
}
