import { PUSH_CHANNELS } from '@belfry/core/notification';
import type { DeadLetter, DeadLetterFilter, DeadLetterStore } from '@belfry/core/store/dead-letters';
import { notificationIdSchema, userIdSchema } from '@belfry/protocol/identifiers';
import { originSchema } from '@belfry/protocol/origin';
import { type Authentication, type HttpApp, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { attemptSchema, toAttemptView, toIsoTime } from '../attempt-view.ts';
import { describeRoute } from '../describe-route.ts';
import { formatPageCursor, nextSchema, pageQuery, parsePageCursor } from '../page.ts';
import { problemResponses } from '../problem-responses.ts';

export type DeadLetterRouteDeps = { readonly authentication: Authentication; readonly store: DeadLetterStore };

const STATES = ['open', 'redriving', 'redriven'] as const;

/** What dead letters can be chosen by; all that is given has to fit. */
export const filterSchema = z.strictObject({
  channel: z.enum(PUSH_CHANNELS).optional(),
  fingerprint: z.string().min(1).max(64).optional().describe('Letters that died of the same cause share it'),
  recipient: userIdSchema.optional(),
  notificationId: notificationIdSchema.optional(),
  state: z.enum(STATES).optional(),
});

const letterSchema = z.object({
  id: z.string(),
  deliveryId: z.string(),
  notificationId: z.string(),
  recipient: z.string(),
  channel: z.enum(PUSH_CHANNELS),
  device: z.string(),
  reason: z.string(),
  fingerprint: z.string(),
  state: z.enum(STATES),
  redrive: z.int().describe('How often the delivery had been redriven when it died'),
  createdAt: z.iso.datetime(),
  origin: originSchema.optional(),
  attempts: z.array(attemptSchema),
});

const groupSchema = z.object({
  fingerprint: z.string(),
  channel: z.enum(PUSH_CHANNELS),
  reason: z.string(),
  count: z.int(),
  newestAt: z.iso.datetime(),
});

/** Reading dead letters. */
export function addDeadLetterRoutes(app: HttpApp, { authentication, store }: DeadLetterRouteDeps): void {
  app.get(
    '/v1/dead-letters',
    {
      onRequest: authentication.requireScope('dead-letters'),
      schema: {
        ...describeRoute({
          tag: 'Dead letters',
          operationId: 'listDeadLetters',
          summary: 'Deliveries that no further attempt is made for',
          description: 'Newest first, each with all its attempts.',
          scope: 'dead-letters',
        }),
        querystring: pageQuery.extend(filterSchema.shape),
        response: {
          200: z.object({ items: z.array(letterSchema), next: nextSchema }).describe('A page of dead letters'),
          ...problemResponses('cursor_invalid'),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { cursor, limit, ...filter } = request.query;
      const before = parsePageCursor('dead-letters', cursor);
      const page = await store.listDeadLetters(tenant, toFilter(filter), before, limit);
      return {
        items: page.items.map(toLetterView),
        ...(page.next === undefined ? {} : { next: formatPageCursor('dead-letters', page.next) }),
      };
    },
  );

  app.get(
    '/v1/dead-letters/groups',
    {
      onRequest: authentication.requireScope('dead-letters'),
      schema: {
        ...describeRoute({
          tag: 'Dead letters',
          operationId: 'groupDeadLetters',
          summary: 'Open dead letters by cause',
          scope: 'dead-letters',
        }),
        response: { 200: z.object({ items: z.array(groupSchema) }).describe('Causes'), ...problemResponses() },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const groups = await store.groupDeadLetters(tenant);
      return { items: groups.map(({ newestAtMs, ...group }) => ({ ...group, newestAt: toIsoTime(newestAtMs) })) };
    },
  );
}

/** The port's filter has no place for `undefined`. */
export function toFilter(filter: z.infer<typeof filterSchema>): DeadLetterFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function toLetterView(letter: DeadLetter): z.infer<typeof letterSchema> {
  return {
    id: letter.id,
    deliveryId: letter.deliveryId,
    notificationId: letter.notificationId,
    recipient: letter.recipient,
    channel: letter.channel,
    device: letter.device,
    reason: letter.reason,
    fingerprint: letter.fingerprint,
    state: letter.state,
    redrive: letter.redrive,
    createdAt: toIsoTime(letter.createdAtMs),
    ...(letter.origin === undefined ? {} : { origin: letter.origin }),
    attempts: letter.attempts.map(toAttemptView),
  };
}
