import type { Clock } from '@belfry/core/clock';
import type { RealtimeState } from '@belfry/dispatch';
import { userIdSchema } from '@belfry/protocol/identifiers';
import { type AckTokens, type Authentication, type HttpApp, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { bodyProblemResponses } from '../problem-responses.ts';
import { requireAckTokenOr, requireTokenOrScope, userOf } from '../user-guard.ts';
import { notificationIdsSchema } from '../user-params.ts';

export type AckRouteDeps = {
  readonly authentication: Authentication;
  readonly ackTokens: AckTokens;
  readonly realtime: RealtimeState;
  readonly clock: Clock;
};

/** `POST /v1/acks`: what a WebSocket client sends as a frame, for clients that can only listen. */
export function addAckRoute(app: HttpApp, { authentication, ackTokens, realtime, clock }: AckRouteDeps): void {
  app.post(
    '/v1/acks',
    {
      onRequest: requireAckTokenOr(requireTokenOrScope(authentication, 'users:write'), ackTokens, clock),
      schema: {
        ...describeRoute({
          tag: 'Realtime',
          operationId: 'acknowledge',
          summary: 'Acknowledge notifications',
          description:
            'Stops waiting deliveries of them to the user. Unknown ids are ignored; safe to repeat. A client of server-sent events may use the `ackToken` that its `hello` brought.',
          scope: 'users:write',
          userToken: true,
        }),
        body: z.strictObject({
          ids: notificationIdsSchema,
          user: userIdSchema.optional().describe('For an API key: who acknowledges'),
        }),
        response: {
          200: z.object({ acknowledged: z.int().describe('How many ids were taken') }).describe('Acknowledged'),
          ...bodyProblemResponses(),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const notificationIds = [...new Set(request.body.ids)];
      await realtime.acknowledge([{ tenant, user: userOf(request, request.body.user), notificationIds }]);
      return { acknowledged: notificationIds.length };
    },
  );
}
