import { PUSH_CHANNELS } from '@belfry/core/notification';
import { z } from 'zod';
import { originSchema } from './origin.ts';

const attemptSchema = z.object({
  number: z.int().min(1),
  redrive: z.int().min(0),
  atMs: z.int(),
  durationMs: z.number().min(0),
  outcome: z.enum(['delivered', 'retry', 'gone', 'rejected', 'expired', 'superseded', 'unknown']),
  code: z.string().describe("The provider's word for it"),
  reason: z.string().describe("Belfry's word for it"),
  host: z.string().describe('The host that answered'),
});

/** A record of `dead-letters`: a delivery that no further attempt is made for, with its whole history. */
export const deadLetterRecordSchema = z.object({
  v: z.literal(1),
  kind: z.literal('dead-letter'),
  id: z.string(),
  tenant: z.string(),
  deliveryId: z.string(),
  notificationId: z.string(),
  recipient: z.string(),
  channel: z.enum(PUSH_CHANNELS),
  device: z.string(),
  reason: z.string(),
  fingerprint: z.string().describe('Same cause, same fingerprint'),
  state: z.enum(['open', 'redriving', 'redriven']),
  redrive: z.int().min(0).describe('How often the delivery had been redriven when it died'),
  createdAtMs: z.int(),
  origin: originSchema.optional(),
  attempts: z.array(attemptSchema),
});
export type DeadLetterRecord = z.infer<typeof deadLetterRecordSchema>;

/** A record of `dead-letters`: a record that could not be read as a job. Its bytes are not here; `GET /v1/unreadable-jobs` has them, for administrators. */
export const unreadableJobRecordSchema = z.object({
  v: z.literal(1),
  kind: z.literal('unreadable-job'),
  atMs: z.int(),
  id: z.string().describe('Hash of log topic, partition and offset: the same when the record is read again'),
  tenant: z.string().describe('The tenant of the log topic'),
  logTopic: z.string(),
  partition: z.int().min(0),
  offset: z.string(),
  reason: z.string(),
  sha256: z.string().describe('Of the whole value, hex'),
});
export type UnreadableJobRecord = z.infer<typeof unreadableJobRecordSchema>;
