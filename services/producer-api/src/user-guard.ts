import type { Clock } from '@belfry/core/clock';
import type { Scope } from '@belfry/core/store/credentials';
import {
  type AckTokens,
  type Authentication,
  apiKeyId,
  bearerCredential,
  isAckToken,
  ProblemError,
  principalOf,
  unauthenticated,
} from '@belfry/runtime';
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

/**
 * Route hook (`onRequest`) for acknowledgements: what `requireTokenOrScope` takes, and the ack token that an event stream gave to its client. Such a token is good for
 * nothing else: no other route asks for it.
 */
export function requireAckTokenOr(
  otherwise: (request: FastifyRequest) => Promise<void>,
  ackTokens: AckTokens,
  clock: Clock,
) {
  return async (request: FastifyRequest): Promise<void> => {
    const credential = bearerCredential(request.headers.authorization) ?? '';
    if (!isAckToken(credential)) return otherwise(request);
    const user = ackTokens.read(credential, clock.nowMs());
    if (user === undefined) {
      throw unauthenticated(
        'The ack token is not good, or its connection has ended: `hello` of the next one has another.',
      );
    }
    request.principal = { kind: 'user', ...user };
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
