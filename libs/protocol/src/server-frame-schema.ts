import { z } from 'zod';
import type { ServerFrame } from './frames.ts';

const clientNotificationSchema = z.object({
  id: z.string(),
  type: z.string(),
  title: z.string(),
  body: z.string().exactOptional(),
  data: z.record(z.string(), z.unknown()).exactOptional(),
  icon: z.string().exactOptional(),
  url: z.string().exactOptional(),
  priority: z.string(),
  acceptedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

/** What a client gets on a live connection, for documents and tests; the gateway writes its frames from the types. */
export const serverFrameSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    cursor: z.string(),
    recovered: z.boolean().describe('False: history does not reach back to the cursor asked for; read the inbox'),
    tenant: z.string(),
    user: z.string().describe('Whose stream it is: a cursor means nothing in that of another user'),
    heartbeatMs: z.int(),
    ackToken: z
      .string()
      .exactOptional()
      .describe('Over server-sent events: the credential for `POST /v1/acks`, as long as the connection may last'),
  }),
  z.object({ type: z.literal('notification'), cursor: z.string(), notification: clientNotificationSchema }),
  z.object({ type: z.literal('error'), code: z.string(), detail: z.string() }),
  z.object({ type: z.literal('goodbye'), reconnectAfterMs: z.int() }),
  z.object({ type: z.literal('pong') }),
]) satisfies z.ZodType<ServerFrame>;
