import type { Clock } from '@belfry/core/clock';
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyOptions, jwtVerify } from 'jose';
import { NO_SUCH_KEY, resolveTokenKeys, type TokenKeySource, type TokenKeys } from './token-keys.ts';

export type TokenOptions = {
  /** At least one. A token is checked by those alone whose algorithms it names. */
  readonly keys: readonly TokenKeys[];
  readonly issuer?: string;
  readonly audience?: string;
  /** A key set that was there before could not be fetched again; what it had goes on. */
  readonly onRefreshFailed?: (error: unknown) => void;
};

export type UserToken = { readonly user: string; readonly tenant: string; readonly expiresAtMs: number };

export type TokenResult =
  | { readonly ok: true; readonly token: UserToken }
  /** `detail` may be shown to whoever sent the token. */
  | { readonly ok: false; readonly detail: string };

/** Rejects with `UnavailableError` while the keys that could decide are out of reach. */
export type TokenVerifier = (jwt: string) => Promise<TokenResult>;

/** Clocks of two machines differ; more than this is a machine to repair. */
const CLOCK_TOLERANCE_SECONDS = 5;
const NAME = /^[^\p{Cc}/]{1,128}$/u;
/** Errors of jose that say that a token is none, or was signed by somebody else. Any other is a bug, or keys that are out of reach. */
const UNSIGNED: ReadonlySet<string> = new Set([
  errors.JWSInvalid.code,
  errors.JWTInvalid.code,
  errors.JWSSignatureVerificationFailed.code,
  errors.JOSEAlgNotAllowed.code,
  ...NO_SUCH_KEY,
]);

/**
 * Verifies JWTs: signature by a pinned algorithm, `exp` required, `nbf`, `iss` and `aud` where given, `sub` is the user, `tenant` the tenant
 * (`default` without one). Rejects when it is made with a key that cannot work.
 */
export async function createTokenVerifier(options: TokenOptions, clock: Clock): Promise<TokenVerifier> {
  const { keys, issuer, audience } = options;
  const sources = await Promise.all(keys.map((each) => resolveTokenKeys(each, clock, options.onRefreshFailed)));

  /** undefined: it was not signed by this one. */
  const verifyBy = async (jwt: string, { key, algorithms }: TokenKeySource): Promise<TokenResult | undefined> => {
    const checks: JWTVerifyOptions = {
      algorithms: [...algorithms],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.nowMs()),
      ...(issuer !== undefined && { issuer }),
      ...(audience !== undefined && { audience }),
    };
    try {
      const { payload } = await jwtVerify(jwt, key, checks);
      return readClaims(payload);
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { ok: false, detail: 'The token has expired.' };
      if (error instanceof errors.JWTClaimValidationFailed) {
        return { ok: false, detail: `The \`${error.claim}\` claim of the token is missing or wrong.` };
      }
      if (error instanceof errors.JOSEError && UNSIGNED.has(error.code)) return undefined;
      throw error;
    }
  };

  return async (jwt) => {
    const algorithm = algorithmOf(jwt);
    // Each source has keys of its own and pins its algorithms for them. What a token says of itself only leaves out those that would refuse it anyway.
    for (const source of sources.filter(({ algorithms }) => algorithms.includes(algorithm))) {
      const result = await verifyBy(jwt, source);
      if (result !== undefined) return result;
    }
    return { ok: false, detail: 'The token is not valid: it is malformed, or not signed by a known key.' };
  };
}

function algorithmOf(jwt: string): string {
  try {
    return decodeProtectedHeader(jwt).alg ?? '';
  } catch {
    return '';
  }
}

function readClaims(payload: JWTPayload): TokenResult {
  const { sub, tenant = 'default', exp = 0 } = payload;
  if (typeof sub !== 'string' || !NAME.test(sub)) return { ok: false, detail: 'The token has no usable `sub` claim.' };
  if (typeof tenant !== 'string' || !NAME.test(tenant))
    return { ok: false, detail: 'The `tenant` claim is not usable.' };
  return { ok: true, token: { user: sub, tenant, expiresAtMs: exp * 1_000 } };
}
