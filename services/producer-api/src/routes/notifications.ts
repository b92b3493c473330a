import { DELIVERY_STATES } from '@belfry/core/delivery';
import { CHANNELS, PRIORITIES } from '@belfry/core/notification';
import type { LedgerDelivery, LedgerEntry, LedgerStore } from '@belfry/core/store/ledger';
import type { ReceiptFeed } from '@belfry/dispatch';
import { notificationIdSchema } from '@belfry/protocol/identifiers';
import { notificationRequestSchema } from '@belfry/protocol/notification-request';
import { originSchema } from '@belfry/protocol/origin';
import { type Authentication, type HttpApp, ProblemError, principalOf } from '@belfry/runtime';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { attemptSchema, toAttemptView, toIsoTime } from '../attempt-view.ts';
import { describeRoute } from '../describe-route.ts';
import { type Intake, seedOf } from '../intake.ts';
import { nestingProblem } from '../nesting.ts';
import { formatPageCursor, nextSchema, pageQuery, parsePageCursor } from '../page.ts';
import { problemResponses, repeatableHeaders, repeatableProblemResponses } from '../problem-responses.ts';

export type NotificationRouteDeps = {
  readonly authentication: Authentication;
  readonly intake: Intake;
  readonly store: LedgerStore;
  readonly receipts: Pick<ReceiptFeed, 'put'>;
};

const idParams = z.object({ id: notificationIdSchema });

const acceptedSchema = z.object({ id: z.string(), status: z.literal('accepted') }).describe('Durable');

const ledgerSchema = z.object({
  id: z.string(),
  status: z.enum(['accepting', 'accepted', 'routed', 'cancelled']),
  type: z.string(),
  title: z.string(),
  priority: z.enum(PRIORITIES),
  origin: originSchema.optional(),
  acceptedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().describe('Nothing is sent at or after it'),
  counts: z.partialRecord(z.enum(DELIVERY_STATES), z.int()).describe('Deliveries by status, over all pages'),
  deliveries: z.array(
    z.object({
      id: z.string(),
      recipient: z.string(),
      channel: z.enum(CHANNELS),
      device: z.string().describe('Empty for realtime, as a user has one stream, and for what was skipped'),
      status: z.enum(DELIVERY_STATES),
      reason: z.string().optional().describe('Why it is in this status, where that is not plain from it'),
      redrive: z.int(),
      createdAt: z.iso.datetime(),
      updatedAt: z.iso.datetime(),
      nextAttemptAt: z.iso.datetime().optional(),
      attempts: z.array(attemptSchema),
    }),
  ),
  next: nextSchema,
});

const cancellationSchema = z.object({
  cancelled: z.int().describe('Deliveries that will not be sent'),
  alreadySent: z.int().describe('Deliveries for which it is too late'),
});

/** `POST /v1/notifications`. Registered apart from the others, in the scope of the routes that may be repeated under an Idempotency-Key. */
export function addNotificationIntake(app: HttpApp, { authentication, intake }: NotificationRouteDeps): void {
  app.post(
    '/v1/notifications',
    {
      onRequest: authentication.requireScope('notifications:write'),
      preValidation: refuseDeepNesting,
      schema: {
        ...describeRoute({
          tag: 'Notifications',
          operationId: 'createNotification',
          summary: 'Send a notification',
          description:
            'Answered once it is durable. It may be repeated under an `Idempotency-Key`, or with an `id` of its own.',
          scope: 'notifications:write',
        }),
        body: notificationRequestSchema,
        headers: repeatableHeaders,
        response: {
          202: acceptedSchema,
          ...repeatableProblemResponses(
            'notification_conflict',
            'notification_too_large',
            'log_unavailable',
            'log_full',
          ),
        },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const notification = request.body;
      const result = await intake({ tenant, request: notification, ...seedOf(request.idempotencySeed, 0) });
      if (!result.ok) throw result.problem;
      return reply.code(202).send({ id: result.id, status: 'accepted' });
    },
  );
}

/** The ledger of a notification, and its cancellation. */
export function addNotificationRoutes(app: HttpApp, { authentication, store, receipts }: NotificationRouteDeps): void {
  app.get(
    '/v1/notifications/:id',
    {
      onRequest: authentication.requireScope('notifications:read'),
      schema: {
        ...describeRoute({
          tag: 'Notifications',
          operationId: 'readNotification',
          summary: 'What happened to a notification',
          description: 'Every delivery with every attempt. `limit` counts deliveries.',
          scope: 'notifications:read',
        }),
        params: idParams,
        querystring: pageQuery,
        response: { 200: ledgerSchema.describe('Its ledger'), ...problemResponses('cursor_invalid', 'not_found') },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const after = parsePageCursor('deliveries', request.query.cursor);
      const entry = await store.readNotification(tenant, request.params.id, after, request.query.limit);
      if (entry === undefined) throw unknownNotification();
      return toLedgerView(entry);
    },
  );

  app.delete(
    '/v1/notifications/:id',
    {
      onRequest: authentication.requireScope('notifications:write'),
      schema: {
        ...describeRoute({
          tag: 'Notifications',
          operationId: 'cancelNotification',
          summary: 'Cancel what was not sent yet',
          description: 'Safe to repeat.',
          scope: 'notifications:write',
        }),
        params: idParams,
        response: { 200: cancellationSchema.describe('What it came to'), ...problemResponses('not_found') },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const { id } = request.params;
      const cancellation = await store.cancelNotification(tenant, id);
      if (cancellation === undefined) throw unknownNotification();
      receipts.put([{ tenant, notificationId: id, state: 'cancelled', reason: 'cancelled-by-producer' }]);
      return cancellation;
    },
  );
}

async function refuseDeepNesting(request: FastifyRequest): Promise<void> {
  const problem = nestingProblem(request.body);
  if (problem !== undefined) throw problem;
}

function unknownNotification(): ProblemError {
  return new ProblemError('not_found', { detail: 'There is no such notification.', field: 'path:id' });
}

function toLedgerView({ notification, status, counts, deliveries, next }: LedgerEntry): z.infer<typeof ledgerSchema> {
  return {
    id: notification.id,
    status,
    type: notification.type,
    title: notification.title,
    priority: notification.priority,
    ...(notification.origin === undefined ? {} : { origin: notification.origin }),
    acceptedAt: toIsoTime(notification.acceptedAtMs),
    expiresAt: toIsoTime(notification.expiresAtMs),
    counts,
    deliveries: deliveries.map(toDeliveryView),
    ...(next === undefined ? {} : { next: formatPageCursor('deliveries', next) }),
  };
}

function toDeliveryView(delivery: LedgerDelivery): z.infer<typeof ledgerSchema>['deliveries'][number] {
  return {
    id: delivery.id,
    recipient: delivery.recipient,
    channel: delivery.channel,
    device: delivery.device,
    status: delivery.state,
    ...(delivery.reason === undefined ? {} : { reason: delivery.reason }),
    redrive: delivery.redrive,
    createdAt: toIsoTime(delivery.createdAtMs),
    updatedAt: toIsoTime(delivery.updatedAtMs),
    ...(delivery.dueAtMs === undefined ? {} : { nextAttemptAt: toIsoTime(delivery.dueAtMs) }),
    attempts: delivery.attempts.map(toAttemptView),
  };
}
