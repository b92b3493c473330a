import type { Scope } from '@belfry/core/store/credentials';
import { type Authentication, apiKeyId, bearerCredential, ProblemError, principalOf } from '@belfry/runtime';
import type { FastifyRequest } from 'fastify';

/**
 * Route hook (`onRequest`) for a route that names its user in the body: an API key with that scope, or any user's token. The route then asks `userOf`
 * whom the caller may speak for.
 */
export function requireTokenOrScope(authentication: Authentication, scope: Scope) {
  const byKey = authentication.requireScope(scope);
  const byToken = authentication.requireUser();
  return (request: FastifyRequest): Promise<void> => {
    const credential = bearerCredential(request.headers.authorization);
    const isKey = credential !== undefined && apiKeyId(credential) !== undefined;
    return isKey ? byKey(request) : byToken(request);
  };
}

/** The user that the request is about: a token speaks for its own user only, an API key has to name one. */
export function userOf(request: FastifyRequest, named: string | undefined): string {
  const principal = principalOf(request);
  if (principal.kind === 'user') {
    if (named === undefined || named === principal.user) return principal.user;
    throw new ProblemError('forbidden', { detail: 'The token belongs to another user.', field: '/user' });
  }
  if (named !== undefined) return named;
  throw new ProblemError('validation_failed', { detail: 'An API key has to name the user.', field: '/user' });
}
