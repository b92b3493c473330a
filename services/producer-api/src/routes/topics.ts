import type { UserStore } from '@belfry/core/store/devices';
import { topicSchema, userIdSchema } from '@belfry/protocol/identifiers';
import { LIMITS } from '@belfry/protocol/limits';
import { type Authentication, type HttpApp, ProblemError, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { formatPageCursor, nextSchema, pageQuery, parsePageCursor } from '../page.ts';
import { bodyProblemResponses, problemResponses } from '../problem-responses.ts';

export type TopicRouteDeps = {
  readonly authentication: Authentication;
  readonly store: Pick<UserStore, 'subscribeTopic' | 'unsubscribeTopic' | 'listSubscribers'>;
};

const topicParams = z.object({ topic: topicSchema });

/** Named lists of subscribers, which a notification can be sent to. A topic exists while it has one. */
export function addTopicRoutes(app: HttpApp, { authentication, store }: TopicRouteDeps): void {
  app.get(
    '/v1/topics/:topic/subscribers',
    {
      onRequest: authentication.requireScope('users:read'),
      schema: {
        ...describeRoute({
          tag: 'Topics',
          operationId: 'listSubscribers',
          summary: 'Subscribers of a topic',
          description: 'In the order of their names.',
          scope: 'users:read',
        }),
        params: topicParams,
        querystring: pageQuery,
        response: {
          200: z
            .object({ items: z.array(z.object({ user: z.string() })), next: nextSchema })
            .describe('A page of subscribers'),
          ...problemResponses('cursor_invalid'),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { cursor, limit } = request.query;
      const after = parsePageCursor('subscribers', cursor);
      // One more than asked for: whether it is there says whether another page follows.
      const users = await store.listSubscribers(tenant, request.params.topic, after, limit + 1);
      const last = users.length > limit ? users[limit - 1] : undefined;
      return {
        items: users.slice(0, limit).map((user) => ({ user })),
        ...(last === undefined ? {} : { next: formatPageCursor('subscribers', last) }),
      };
    },
  );

  app.put(
    '/v1/topics/:topic/subscribers',
    {
      onRequest: authentication.requireScope('users:write'),
      schema: {
        ...describeRoute({
          tag: 'Topics',
          operationId: 'subscribe',
          summary: 'Add subscribers to a topic',
          scope: 'users:write',
        }),
        params: topicParams,
        body: z.strictObject({ users: z.array(userIdSchema).min(1).max(LIMITS.usersPerRequest) }),
        response: {
          200: z.object({ added: z.int().describe('How many were new') }).describe('Added'),
          ...bodyProblemResponses(),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const users = [...new Set(request.body.users)];
      return { added: await store.subscribeTopic(tenant, request.params.topic, users) };
    },
  );

  app.delete(
    '/v1/topics/:topic/subscribers/:user',
    {
      onRequest: authentication.requireScope('users:write'),
      schema: {
        ...describeRoute({
          tag: 'Topics',
          operationId: 'unsubscribe',
          summary: 'Remove a subscriber from a topic',
          scope: 'users:write',
        }),
        params: z.object({ topic: topicSchema, user: userIdSchema }),
        response: { 204: z.undefined().describe('Removed'), ...problemResponses('not_found') },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const { topic, user } = request.params;
      if (await store.unsubscribeTopic(tenant, topic, user)) return reply.code(204).send();
      throw new ProblemError('not_found', { detail: 'The user does not subscribe to the topic.', field: 'path:user' });
    },
  );
}
