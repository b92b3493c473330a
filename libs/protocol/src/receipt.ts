import { DELIVERY_STATES } from '@belfry/core/delivery';
import { CHANNELS } from '@belfry/core/notification';
import { z } from 'zod';

/** A record of `receipts`: a notification was routed, or a delivery changed state. At least once; a late one never means a step back. */
export const receiptSchema = z.object({
  v: z.literal(1),
  atMs: z.int(),
  tenant: z.string(),
  notificationId: z.string(),
  recipient: z.string().optional(),
  deliveryId: z.string().optional(),
  channel: z.enum(CHANNELS).optional(),
  state: z.enum(['accepted', 'routed', ...DELIVERY_STATES]),
  attempt: z.int().optional(),
  outcome: z.string().optional(),
  code: z.string().optional(),
  reason: z.string().optional(),
  /** For `retrying`: milliseconds until the next attempt. */
  dueInMs: z.int().optional(),
});
export type Receipt = z.infer<typeof receiptSchema>;
