import { CHANNELS, PRIORITIES } from '@belfry/core/notification';
import { z } from 'zod';
import { notificationIdSchema, topicSchema, userIdSchema } from './identifiers.ts';
import { LIMITS } from './limits.ts';

export const audienceSchema = z
  .union([
    z.strictObject({ users: z.array(userIdSchema).min(1).max(LIMITS.usersPerRequest) }),
    z.strictObject({ topic: topicSchema }),
    z.strictObject({ everyone: z.literal(true) }),
  ])
  .describe('Whom it is for: users, the subscribers of a topic, or everyone of the tenant');

export const channelSchema = z.enum(CHANNELS);
export const prioritySchema = z.enum(PRIORITIES);
/** Like names, a column of its own in the store; unlike them, no part of a key. */
export const collapseKeySchema = z
  .string()
  .min(1)
  .max(LIMITS.collapseKeyLength)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, 'a collapse key has no control characters');

/** What a producer posts. Unknown members are refused, so that a misspelt option is not silently ignored. */
export const notificationRequestSchema = z.strictObject({
  to: audienceSchema,
  id: notificationIdSchema.optional(),
  type: z.string().min(1).max(LIMITS.typeLength).describe('What kind of event this is, for preferences and display'),
  title: z.string().min(1).max(LIMITS.titleLength),
  body: z.string().max(LIMITS.bodyLength).optional(),
  // What came out of JSON.parse is JSON: checking every value again would only cost time.
  data: z
    .record(z.string().max(128), z.unknown())
    .optional()
    .describe('Anything the application needs; counts towards the size'),
  icon: z.string().max(LIMITS.urlLength).optional(),
  url: z.string().max(LIMITS.urlLength).optional().describe('Opened when the notification is clicked'),
  channels: z
    .array(channelSchema)
    .min(1)
    .max(CHANNELS.length)
    .optional()
    .describe('Omitted: realtime and every active device'),
  priority: prioritySchema
    .optional()
    .describe('low goes through the bulk lane; high ignores preferences. Default normal'),
  ttlSeconds: z
    .int()
    .min(1)
    .max(LIMITS.ttlSecondsMax)
    .optional()
    .describe('The deadline: nothing is sent after it. Default 4 days'),
  collapseKey: collapseKeySchema
    .optional()
    .describe('A newer notification with the same key replaces this one where it was not sent yet'),
});
export type NotificationRequest = z.infer<typeof notificationRequestSchema>;
