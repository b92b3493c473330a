import type { Origin } from '@belfry/core/notification';
import { z } from 'zod';

/** Which way a notification came in, as records and answers show it. */
export const originSchema = z
  .union([
    z.object({ kind: z.literal('http') }),
    z.object({
      kind: z.literal('input-topic'),
      logTopic: z.string(),
      partition: z.int().min(0),
      offset: z.string().describe('Decimal'),
    }),
  ])
  .describe('Which way the notification came in') satisfies z.ZodType<Origin>;
