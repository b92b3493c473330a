import { type HttpApp, ProblemError } from '@belfry/runtime';
import type { FastifyRequest } from 'fastify';
import type { ApiClient } from './api-client.ts';
import type { RequestGuard } from './request-guard.ts';

const PREFIX = '/console/api';

/** What the page may ask of the API, and nothing else of it: the key behind it may do everything. */
const FORWARDED = [
  ['POST', '/v1/notifications'],
  ['POST', '/v1/notifications/batch'],
  ['GET', '/v1/notifications/:id'],
  ['DELETE', '/v1/notifications/:id'],
  ['GET', '/v1/users/:user/devices'],
  ['POST', '/v1/users/:user/devices'],
  ['DELETE', '/v1/users/:user/devices/:id'],
  ['GET', '/v1/users/:user/inbox'],
  ['POST', '/v1/users/:user/inbox/read'],
  ['POST', '/v1/connection-tickets'],
  ['GET', '/v1/webpush/public-key'],
  ['GET', '/v1/dead-letters'],
  ['GET', '/v1/dead-letters/groups'],
  ['POST', '/v1/dead-letters/redrive'],
  ['POST', '/examples/invoices'],
] as const;

/** The API under `/console/api`, for the page's session in place of a key. */
export function addForwardedRoutes(http: HttpApp, { api, guard }: { api: ApiClient; guard: RequestGuard }): void {
  for (const [method, url] of FORWARDED) {
    http.route({
      method,
      url: `${PREFIX}${url}`,
      onRequest: guard.page,
      schema: { hide: true },
      handler: async (request, reply) => {
        const idempotencyKey = request.headers['idempotency-key'];
        const answer = await api({
          method,
          path: forwardedPath(request),
          body: request.body ?? undefined,
          idempotencyKey: typeof idempotencyKey === 'string' ? idempotencyKey : undefined,
        });
        if (answer.retryAfter !== undefined) reply.header('retry-after', answer.retryAfter);
        reply.code(answer.status).header('cache-control', 'no-store');
        return answer.body === '' ? reply.send() : reply.type(answer.contentType).send(answer.body);
      },
    });
  }
}

/** `.` and `..`, however they are written, would be taken out on the way to the API, and the request would reach another route than this one. */
function forwardedPath({ url }: FastifyRequest): string {
  const path = url.slice(PREFIX.length);
  const [pathname = ''] = path.split(/[?#]/, 1);
  if (new URL(path, 'http://api').pathname === pathname) return path;
  throw new ProblemError('validation_failed', {
    detail: 'Must not have "." or ".." as a part, nor characters that need to be percent-encoded.',
    field: 'path:user',
  });
}
