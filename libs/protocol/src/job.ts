import { z } from 'zod';
import { notificationIdSchema, tenantSchema, userIdSchema } from './identifiers.ts';
import { LIMITS } from './limits.ts';
import { audienceSchema, channelSchema, collapseKeySchema, prioritySchema } from './notification-request.ts';
import { originSchema } from './origin.ts';

/**
 * A record of `jobs.<lane>`. Version 1, tagged, so that readers of a later version still know what they hold. Exactly one of two:
 * `recipient` present: route it for that user; absent: expand the audience and append a record per recipient.
 */
export const jobSchema = z.object({
  v: z.literal(1),
  notification: z.object({
    id: notificationIdSchema,
    to: audienceSchema,
    type: z.string().min(1).max(LIMITS.typeLength),
    title: z.string().min(1).max(LIMITS.titleLength),
    body: z.string().max(LIMITS.bodyLength).optional(),
    data: z.record(z.string().max(128), z.unknown()).optional(),
    icon: z.string().max(LIMITS.urlLength).optional(),
    url: z.string().max(LIMITS.urlLength).optional(),
    channels: z.array(channelSchema).min(1).optional(),
    priority: prioritySchema,
    collapseKey: collapseKeySchema.optional(),
    origin: originSchema.optional(),
    /** Milliseconds since the epoch. */
    acceptedAtMs: z.int().nonnegative(),
    expiresAtMs: z.int().nonnegative(),
  }),
  recipient: userIdSchema.optional(),
  /** Where an interrupted expansion of the audience continues: users after this one. */
  after: userIdSchema.optional(),
});
export type Job = z.infer<typeof jobSchema>;

/** Headers of every record. The tenant travels here and in the key; a consumer trusts it only on topics that Belfry alone writes. */
export const RECORD_HEADERS = { tenant: 'belfry-tenant', version: 'belfry-version' } as const;
export { tenantSchema };
