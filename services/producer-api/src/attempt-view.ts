import type { Attempt } from '@belfry/core/outcome';
import { z } from 'zod';

/** One try of a delivery, as the ledger and the dead letters show it. */
export const attemptSchema = z.object({
  at: z.iso.datetime(),
  outcome: z.string().describe('delivered, retry, gone, rejected, expired, superseded or unknown'),
  code: z.string().describe("The provider's own word"),
  reason: z.string().describe('Ours; stable'),
  number: z.int(),
  redrive: z.int().describe('How often the delivery had been redriven'),
  durationMs: z.number(),
  host: z.string().describe('Of the provider'),
});
export type AttemptView = z.infer<typeof attemptSchema>;

export function toAttemptView(attempt: Attempt & { readonly redrive: number }): AttemptView {
  return {
    at: toIsoTime(attempt.atMs),
    outcome: attempt.outcome,
    code: attempt.code,
    reason: attempt.reason,
    number: attempt.number,
    redrive: attempt.redrive,
    durationMs: attempt.durationMs,
    host: attempt.host,
  };
}

/** Times on the wire are ISO 8601 in UTC. */
export function toIsoTime(ms: number): string {
  return new Date(ms).toISOString();
}
