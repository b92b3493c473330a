import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '@belfry/core/clock';
import type { TenantId, UserId } from '@belfry/core/notification';
import type { CredentialStore, Scope } from '@belfry/core/store/credentials';
import type { FastifyRequest } from 'fastify';
import type { Metrics } from '../metrics.ts';
import { apiKeyId, bearerCredential, hashSecret } from './credential.ts';
import { ProblemError, unauthenticated } from './problem.ts';
import { createTokenBuckets, type RateLimit } from './token-bucket.ts';
import type { TokenVerifier } from './token-verifier.ts';

/** Who is calling, from a verified credential only. */
export type Principal =
  | { readonly kind: 'api-key'; readonly tenant: TenantId; readonly keyId: string; readonly scopes: readonly Scope[] }
  | { readonly kind: 'user'; readonly tenant: TenantId; readonly user: UserId; readonly expiresAtMs: number };

export type Identified =
  | { readonly ok: true; readonly principal: Principal }
  /** `detail` may be shown to the caller. */
  | { readonly ok: false; readonly detail: string };

export type AuthenticationOptions = {
  readonly keys: Pick<CredentialStore, 'findApiKey'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Undefined: user tokens are refused. */
  readonly tokens: TokenVerifier | undefined;
  /** Per API key and process; undefined means no limit. */
  readonly rateLimit?: RateLimit;
};

type RouteGuard = (request: FastifyRequest) => Promise<void>;

export type Authentication = {
  /** For an API key or a JWT, wherever it came from: a header, the first frame of a socket. */
  identify(credential: string): Promise<Identified>;
  /** Route hook (`onRequest`): an API key with that scope, else 401 or 403; takes one token of its rate. */
  requireScope(scope: Scope): RouteGuard;
  /** Route hook (`onRequest`): the user named by the path parameter `user` with their own token, or an API key with that scope. */
  requireUserOrScope(scope: Scope): RouteGuard;
  /** Route hook (`onRequest`): any user token. */
  requireUser(): RouteGuard;
};

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the guards of `createAuthentication`. */
    principal?: Principal;
  }
}

/** A revoked key may go on working for this long. */
const KEY_CACHE_MS = 10_000;
const KEY_CACHE_SIZE = 10_000;

/** The principal that a guard has put on the request. Throws where the route has no guard, which is a bug. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === undefined) throw new Error(`the route ${request.routeOptions.url} has no guard`);
  return request.principal;
}

export function createAuthentication(options: AuthenticationOptions): Authentication {
  const { clock, tokens, metrics } = options;
  const buckets = options.rateLimit === undefined ? undefined : createTokenBuckets(options.rateLimit, clock);
  const findApiKey = cacheKeys(options);

  const identifyKey = async (credential: string, id: string): Promise<Identified> => {
    const key = await findApiKey(id);
    const given = Buffer.from(hashSecret(credential), 'hex');
    // An unknown id is compared too, with itself reversed, so that the time of the answer does not tell which ids exist.
    const kept = key === undefined ? Buffer.from(given).reverse() : Buffer.from(key.secretHash, 'hex');
    const same = kept.length === given.length && timingSafeEqual(kept, given);
    if (key === undefined || !same) return { ok: false, detail: 'The API key is not known.' };
    if (key.expiresAtMs !== undefined && key.expiresAtMs <= clock.nowMs())
      return { ok: false, detail: 'The API key has expired.' };
    return { ok: true, principal: { kind: 'api-key', tenant: key.tenant, keyId: key.id, scopes: key.scopes } };
  };

  const identify = async (credential: string): Promise<Identified> => {
    const id = apiKeyId(credential);
    if (id !== undefined) return identifyKey(credential, id);
    if (tokens === undefined)
      return { ok: false, detail: 'User tokens are not configured here, and this is no API key.' };
    const result = await tokens(credential);
    if (!result.ok) return result;
    return { ok: true, principal: { kind: 'user', ...result.token } };
  };

  const authenticate = async (request: FastifyRequest): Promise<Principal> => {
    const credential = bearerCredential(request.headers.authorization);
    const identified: Identified =
      credential === undefined
        ? { ok: false, detail: 'Send `Authorization: Bearer` with an API key or a user token.' }
        : await identify(credential);
    if (!identified.ok) throw unauthenticated(identified.detail);
    const { principal } = identified;
    if (principal.kind === 'api-key') {
      const waitMs = buckets?.take(principal.keyId) ?? 0;
      if (waitMs > 0) {
        metrics.rateLimited.inc();
        throw new ProblemError('rate_limited', {
          retryAfterSeconds: waitMs / 1_000,
          ...(options.rateLimit && { limit: options.rateLimit.ratePerSecond }),
        });
      }
    }
    request.principal = principal;
    return principal;
  };

  return {
    identify,
    requireScope: (scope) => async (request) => {
      const principal = await authenticate(request);
      if (principal.kind === 'user') throw new ProblemError('forbidden', { detail: 'This route needs an API key.' });
      checkScope(principal, scope);
    },
    requireUserOrScope: (scope) => async (request) => {
      const principal = await authenticate(request);
      if (principal.kind === 'api-key') return checkScope(principal, scope);
      const { user } = request.params as { readonly user?: string };
      if (user !== principal.user)
        throw new ProblemError('forbidden', { detail: 'The token belongs to another user.' });
    },
    requireUser: () => async (request) => {
      const principal = await authenticate(request);
      if (principal.kind !== 'user') throw new ProblemError('forbidden', { detail: 'This route needs a user token.' });
    },
  };
}

function checkScope(principal: Principal & { kind: 'api-key' }, scope: Scope): void {
  if (principal.scopes.includes(scope) || principal.scopes.includes('admin')) return;
  throw new ProblemError('forbidden', { detail: `The API key needs the scope ${scope}.` });
}

/** Found and unknown ids alike are remembered for a while: a flood of either must not become a flood of store reads. */
function cacheKeys({ keys, clock }: AuthenticationOptions): CredentialStore['findApiKey'] {
  const cache = new Map<
    string,
    { readonly key: ReturnType<CredentialStore['findApiKey']>; readonly untilMs: number }
  >();
  return (id) => {
    const nowMs = clock.monotonicMs();
    const cached = cache.get(id);
    if (cached !== undefined && cached.untilMs > nowMs) return cached.key;
    if (cache.size >= KEY_CACHE_SIZE) cache.clear();
    const key = keys.findApiKey(id);
    cache.set(id, { key, untilMs: nowMs + KEY_CACHE_MS });
    key.catch(() => cache.delete(id));
    return key;
  };
}
