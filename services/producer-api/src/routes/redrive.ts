import type { Random } from '@belfry/core/random';
import { type DeadLetterStore, MAX_REDRIVE_BATCH, type RedriveRequest } from '@belfry/core/store/dead-letters';
import { LIMITS } from '@belfry/protocol/limits';
import { type Authentication, type HttpApp, type Principal, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { repeatableHeaders, repeatableProblemResponses } from '../problem-responses.ts';
import { filterSchema, toFilter } from './dead-letters.ts';

export type RedriveRouteDeps = {
  readonly authentication: Authentication;
  readonly store: Pick<DeadLetterStore, 'redrive'>;
  readonly random: Random;
};

/** Letters that one request may name; a filter reaches further. */
const MAX_IDS = 1_000;
const DEFAULT_RATE_PER_SECOND = 50;

const redriveSchema = z
  .strictObject({
    ids: z.array(z.string().min(1).max(LIMITS.idLength)).min(1).max(MAX_IDS).optional(),
    filter: filterSchema.optional().describe('Instead of `ids`; an empty one means all'),
    dryRun: z.boolean().default(false).describe('Count only'),
    ratePerSecond: z
      .int()
      .min(1)
      .max(10_000)
      .default(DEFAULT_RATE_PER_SECOND)
      .describe('Deliveries released per second'),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    error: 'give either ids or a filter',
  });

/** `POST /v1/dead-letters/redrive`. */
export function addRedriveRoute(app: HttpApp, { authentication, store, random }: RedriveRouteDeps): void {
  app.post(
    '/v1/dead-letters/redrive',
    {
      onRequest: authentication.requireScope('dead-letters'),
      schema: {
        ...describeRoute({
          tag: 'Dead letters',
          operationId: 'redrive',
          summary: 'Send dead letters again',
          description: `By id or by filter, at most ${MAX_REDRIVE_BATCH.toLocaleString('en')} a request: call again for the rest.`,
          scope: 'dead-letters',
        }),
        body: redriveSchema,
        headers: repeatableHeaders,
        response: {
          202: z
            .object({
              taskId: z.string(),
              matched: z.int(),
              skipped: z.int(),
              skippedReasons: z.record(z.string(), z.int()).describe('`skipped`, by reason'),
              redriven: z.int().describe('0 for a dry run'),
            })
            .describe('Claimed, and released at the asked rate'),
          ...repeatableProblemResponses(),
        },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { taskId, matched, skipped, redriven } = await store.redrive({
        tenant: principal.tenant,
        selection: selectionOf(request.body),
        dryRun: request.body.dryRun,
        ratePerSecond: request.body.ratePerSecond,
        taskId: request.idempotencySeed ?? Buffer.from(random.bytes(16)).toString('hex'),
        requestedBy: nameOf(principal),
      });
      const total = Object.values(skipped).reduce((sum, count) => sum + count, 0);
      return reply.code(202).send({ taskId, matched, skipped: total, skippedReasons: { ...skipped }, redriven });
    },
  );
}

function selectionOf(body: z.infer<typeof redriveSchema>): RedriveRequest['selection'] {
  if (body.ids !== undefined) return { kind: 'ids', ids: [...new Set(body.ids)] };
  return { kind: 'filter', filter: toFilter(body.filter ?? {}) };
}

function nameOf(principal: Principal): string {
  return principal.kind === 'api-key' ? principal.keyId : principal.user;
}
