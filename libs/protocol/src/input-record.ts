import { z } from 'zod';
import { notificationRequestSchema } from './notification-request.ts';

/**
 * A record of an input topic: what an upstream writes to the log instead of posting it. The body of `POST /v1/notifications`, member for member; `v` may say that it
 * is version 1, the only one so far. The tenant is that of the topic; key and headers say nothing about the notification.
 */
export const inputRecordSchema = notificationRequestSchema.extend({
  v: z.literal(1).optional().describe('The version of this shape. Default 1'),
});
export type InputRecord = z.infer<typeof inputRecordSchema>;
