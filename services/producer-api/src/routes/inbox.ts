import { DELIVERY_STATES } from '@belfry/core/delivery';
import type { InboxItem, UserStreamStore } from '@belfry/core/store/user-stream';
import type { RealtimeState } from '@belfry/dispatch';
import { toClientNotification } from '@belfry/protocol/client-notification';
import { formatCursor, parseCursor } from '@belfry/protocol/cursor';
import { type Authentication, type HttpApp, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { toIsoTime } from '../attempt-view.ts';
import { describeRoute } from '../describe-route.ts';
import { invalidCursor, nextSchema, pageQuery } from '../page.ts';
import { problemResponses, repeatableHeaders, repeatableProblemResponses } from '../problem-responses.ts';
import { notificationIdsSchema, userParams } from '../user-params.ts';

export type InboxRouteDeps = {
  readonly authentication: Authentication;
  readonly store: Pick<UserStreamStore, 'epoch' | 'readInbox'>;
  readonly realtime: RealtimeState;
};

const inboxItemSchema = z.object({
  id: z.string(),
  cursor: z.string().describe('Of the item; also where a live connection may resume'),
  read: z.boolean(),
  readAt: z.iso.datetime().optional(),
  status: z.enum(DELIVERY_STATES),
  type: z.string(),
  title: z.string(),
  body: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  icon: z.string().optional(),
  url: z.string().optional(),
  priority: z.string(),
  acceptedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

const inboxSchema = z.object({
  items: z.array(inboxItemSchema).describe('Newest first'),
  unread: z.int().describe('In the whole inbox'),
  next: nextSchema,
});

const readRequestSchema = z.union([
  z.strictObject({ ids: notificationIdsSchema }),
  z.strictObject({ all: z.literal(true).describe('Everything that is in the inbox now') }),
]);

/** `GET /v1/users/{user}/inbox`. Its cursors are those of the user stream, so that one that a socket gave works here, and the other way round. */
export function addInboxRoutes(app: HttpApp, { authentication, store }: InboxRouteDeps): void {
  app.get(
    '/v1/users/:user/inbox',
    {
      onRequest: authentication.requireUserOrScope('users:read'),
      schema: {
        ...describeRoute({
          tag: 'Inbox',
          operationId: 'readInbox',
          summary: 'Inbox of a user',
          scope: 'users:read',
          userToken: true,
        }),
        params: userParams,
        querystring: pageQuery,
        response: { 200: inboxSchema.describe('A page of the inbox'), ...problemResponses('cursor_invalid') },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const epoch = await store.epoch();
      const before = parseInboxCursor(request.query.cursor, epoch);
      const page = await store.readInbox({ tenant, user: request.params.user }, before, request.query.limit);
      return {
        items: page.items.map((item) => toInboxView(item, epoch)),
        unread: page.unread,
        ...(page.next === undefined ? {} : { next: formatCursor({ epoch, offset: page.next }) }),
      };
    },
  );
}

/** `POST /v1/users/{user}/inbox/read`. */
export function addInboxReadRoute(app: HttpApp, { authentication, realtime }: InboxRouteDeps): void {
  app.post(
    '/v1/users/:user/inbox/read',
    {
      onRequest: authentication.requireUserOrScope('users:write'),
      schema: {
        ...describeRoute({
          tag: 'Inbox',
          operationId: 'markRead',
          summary: 'Mark notifications as read',
          description: 'Also acknowledges them. Unknown ids are ignored; safe to repeat.',
          scope: 'users:write',
          userToken: true,
        }),
        params: userParams,
        body: readRequestSchema,
        headers: repeatableHeaders,
        response: {
          200: z.object({ read: z.int().describe('How many were unread before') }).describe('Marked'),
          ...repeatableProblemResponses(),
        },
      },
    },
    async (request) => {
      const { tenant } = principalOf(request);
      const recipient = { tenant, user: request.params.user };
      if ('all' in request.body) return { read: await realtime.readAll(recipient) };
      return { read: await realtime.read([{ ...recipient, notificationIds: request.body.ids }]) };
    },
  );
}

/** The offset before which the page ends; undefined for the newest page. A cursor of another epoch belongs to a history that is lost. */
function parseInboxCursor(text: string | undefined, epoch: string): number | undefined {
  if (text === undefined) return undefined;
  const cursor = parseCursor(text);
  if (cursor === undefined || cursor.epoch !== epoch) throw invalidCursor();
  return cursor.offset;
}

function toInboxView(item: InboxItem, epoch: string): z.infer<typeof inboxItemSchema> {
  return {
    ...toClientNotification(item.notification),
    cursor: formatCursor({ epoch, offset: item.offset }),
    read: item.read,
    ...(item.readAtMs === undefined ? {} : { readAt: toIsoTime(item.readAtMs) }),
    status: item.state,
  };
}
