import type { Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { type CredentialStore, TICKET_TTL_MS } from '@belfry/core/store/credentials';
import { userIdSchema } from '@belfry/protocol/identifiers';
import { type Authentication, type HttpApp, hashSecret, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { toIsoTime } from '../attempt-view.ts';
import { describeRoute } from '../describe-route.ts';
import { bodyProblemResponses } from '../problem-responses.ts';
import { requireTokenOrScope, userOf } from '../user-guard.ts';

export type TicketRouteDeps = {
  readonly authentication: Authentication;
  readonly store: Pick<CredentialStore, 'createTicket'>;
  readonly clock: Clock;
  readonly random: Random;
};

const TICKET_BYTES = 32;

/**
 * `POST /v1/connection-tickets`. Not repeatable under an Idempotency-Key: the kept answer would be a readable ticket at rest, and a used one at that.
 */
export function addTicketRoute(app: HttpApp, { authentication, store, clock, random }: TicketRouteDeps): void {
  app.post(
    '/v1/connection-tickets',
    {
      onRequest: requireTokenOrScope(authentication, 'users:write'),
      schema: {
        ...describeRoute({
          tag: 'Realtime',
          operationId: 'createConnectionTicket',
          summary: 'Make a ticket for one live connection',
          description: `Good for one connection within ${TICKET_TTL_MS / 1_000} seconds.`,
          scope: 'users:write',
          userToken: true,
        }),
        body: z.strictObject({ user: userIdSchema }),
        response: {
          201: z.object({ ticket: z.string(), expiresAt: z.iso.datetime() }).describe('Shown once'),
          ...bodyProblemResponses(),
        },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const user = userOf(request, request.body.user);
      const ticket = Buffer.from(random.bytes(TICKET_BYTES)).toString('base64url');
      const expiresAtMs = clock.nowMs() + TICKET_TTL_MS;
      await store.createTicket(hashSecret(ticket), { tenant, user, expiresAtMs });
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send({ ticket, expiresAt: toIsoTime(expiresAtMs) });
    },
  );
}
