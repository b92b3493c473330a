import { LIMITS } from '@belfry/protocol/limits';
import { type NotificationRequest, notificationRequestSchema } from '@belfry/protocol/notification-request';
import { type Authentication, type HttpApp, isProblemError, ProblemError, principalOf } from '@belfry/runtime';
import { z } from 'zod';
import { describeRoute } from '../describe-route.ts';
import { type Intake, type IntakeResult, seedOf } from '../intake.ts';
import { BrokenLine, parseNdjson } from '../ndjson.ts';
import { nestingProblem } from '../nesting.ts';
import { repeatableHeaders, repeatableProblemResponses } from '../problem-responses.ts';

export type BatchRouteDeps = { readonly authentication: Authentication; readonly intake: Intake };

/** Items are checked one by one, so that a wrong one does not refuse the others; the document still says what an item is. */
const batchSchema = z
  .array(z.unknown())
  .min(1)
  .max(LIMITS.batchItems)
  .meta({ items: z.toJSONSchema(notificationRequestSchema, { io: 'input' }) });

const itemSchema = z.object({
  index: z.int(),
  status: z.int().describe('202, or the status that the item would have got alone'),
  id: z.string().optional(),
  code: z.string().optional(),
  detail: z.string().optional(),
  field: z.string().optional().describe('JSON pointer into the item'),
  limit: z.union([z.number(), z.string()]).optional(),
  retryAfterSeconds: z.number().optional(),
});
type ItemView = z.infer<typeof itemSchema>;

/** `POST /v1/notifications/batch`, as a JSON array or as NDJSON, which every route of the given scope takes from then on. */
export function addBatchRoute(app: HttpApp, { authentication, intake }: BatchRouteDeps): void {
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'string' }, async (_request: unknown, text: string) =>
    parseNdjson(text),
  );
  const check = createItemCheck(app);

  app.post(
    '/v1/notifications/batch',
    {
      onRequest: authentication.requireScope('notifications:write'),
      bodyLimit: LIMITS.batchBytes,
      schema: {
        ...describeRoute({
          tag: 'Notifications',
          operationId: 'createNotifications',
          summary: 'Send up to 1,000 notifications',
          description:
            'A JSON array, or NDJSON with an item per line. The answer has a result per item, in order. Under an `Idempotency-Key` a batch that could not be accepted whole because the log or the store is down is answered 503 or 507: repeat it with the same key, and what had been accepted is not accepted again.',
          scope: 'notifications:write',
        }),
        consumes: ['application/json', 'application/x-ndjson'],
        body: batchSchema,
        headers: repeatableHeaders,
        response: {
          207: z.object({ items: z.array(itemSchema) }).describe('A result per item, in order'),
          ...repeatableProblemResponses('log_unavailable', 'log_full'),
        },
      },
    },
    async (request, reply) => {
      const { tenant } = principalOf(request);
      const seed = request.idempotencySeed;
      const takeInTurn = createTurns(intake);
      const results = await Promise.all(
        request.body.map(async (item, index): Promise<IntakeResult> => {
          const checked = check(item);
          if (!checked.ok) return checked;
          return takeInTurn({ tenant, request: checked.request, ...seedOf(seed, index) });
        }),
      );
      const retryable = results.find((result) => !result.ok && isForLater(result.problem));
      // An answer under a key is kept and replayed, so one that says "later" must not be an answer: the claim stays, and the repeat gets the same ids.
      if (seed !== undefined && retryable !== undefined && !retryable.ok) throw retryable.problem;
      return reply.code(207).send({ items: results.map(toItemView) });
    },
  );
}

/** Items with the same id one after the other, all else at once: a repeat within a batch meets an accepted notification, not one that is on its way. */
function createTurns(intake: Intake): Intake {
  const latest = new Map<string, Promise<IntakeResult>>();
  return (input) => {
    const { id } = input.request;
    if (id === undefined) return intake(input);
    const turn = (latest.get(id) ?? Promise.resolve()).then(() => intake(input));
    latest.set(id, turn);
    return turn;
  };
}

type CheckedItem =
  | { readonly ok: true; readonly request: NotificationRequest }
  | { readonly ok: false; readonly problem: ProblemError };

/** Checks an item with the validator of the host, so that its problem reads like that of a single request. */
function createItemCheck(app: HttpApp): (item: unknown) => CheckedItem {
  const validate = app.validatorCompiler?.({
    schema: notificationRequestSchema,
    method: 'POST',
    url: '/v1/notifications',
    httpPart: 'body',
  });
  if (validate === undefined) throw new Error('the HTTP host has no validator');
  return (item) => {
    if (item instanceof BrokenLine) {
      return { ok: false, problem: new ProblemError('invalid_json', { detail: 'The line is not JSON.' }) };
    }
    const tooDeep = nestingProblem(item);
    if (tooDeep !== undefined) return { ok: false, problem: tooDeep };
    const result: unknown = validate(item);
    if (typeof result === 'object' && result !== null && 'error' in result && isProblemError(result.error)) {
      return { ok: false, problem: result.error };
    }
    if (typeof result !== 'object' || result === null || !('value' in result)) {
      throw new Error('the validator of the HTTP host answered neither a value nor a problem');
    }
    return { ok: true, request: result.value as NotificationRequest };
  };
}

function isForLater(problem: ProblemError): boolean {
  return problem.statusCode >= 500;
}

function toItemView(result: IntakeResult, index: number): ItemView {
  if (result.ok) return { index, status: 202, id: result.id };
  const { code, statusCode, message, options } = result.problem;
  return {
    index,
    status: statusCode,
    code,
    detail: message,
    ...(options.field === undefined ? {} : { field: options.field }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.retryAfterSeconds === undefined ? {} : { retryAfterSeconds: options.retryAfterSeconds }),
  };
}
