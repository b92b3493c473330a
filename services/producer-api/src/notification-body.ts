import { type NotificationRequest, notificationRequestSchema } from '@belfry/protocol/notification-request';
import { z } from 'zod';

/**
 * A notification as a body. `data` came out of JSON.parse, so it is JSON and only its first level is checked here: the recursive type of the request schema
 * costs a check of every value, and its schema refers to itself in a way that an OpenAPI document cannot hold.
 */
export const notificationBodySchema = notificationRequestSchema.extend({
  data: z
    .record(z.string().max(128), z.unknown())
    .optional()
    .describe('Anything the application needs; counts towards the size'),
});

/** The body as the use cases take it: the two types differ in `data` alone, which is JSON either way. */
export function toNotificationRequest(body: z.infer<typeof notificationBodySchema>): NotificationRequest {
  return body as NotificationRequest;
}
