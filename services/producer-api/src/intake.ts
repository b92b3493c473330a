import { laneOf } from '@belfry/core/notification';
import { isUnavailable } from '@belfry/core/unavailable-error';
import type { Accept, AcceptInput, AcceptResult, ReceiptFeed } from '@belfry/dispatch';
import { type Metrics, ProblemError, UNAVAILABLE_ERRORS } from '@belfry/runtime';

export type IntakeResult =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly problem: ProblemError };

/** Takes one notification: the answer for its producer, as a value. Rejects only for bugs. */
export type Intake = (input: AcceptInput) => Promise<IntakeResult>;

export type IntakeDeps = {
  readonly accept: Accept;
  readonly receipts: Pick<ReceiptFeed, 'put'>;
  readonly metrics: Pick<Metrics, 'accepted'>;
};

/** The seed of an item in a request with an Idempotency-Key; nothing where there is none. */
export function seedOf(hex: string | undefined, index: number): Pick<AcceptInput, 'seed'> {
  // Whoever holds the key is alone with its seed, so an unfinished row with these ids was left by a try that died. Taking it over at once matters: an answer
  // of 409 would free the key, and the next try would get another seed and other ids.
  return hex === undefined ? {} : { seed: { hex, index, takenOver: true } };
}

const RETRY_AFTER_SECONDS = 5;

export function createIntake({ accept, receipts, metrics }: IntakeDeps): Intake {
  return async (input) => {
    let result: AcceptResult | undefined;
    try {
      [result] = await accept([input]);
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      const retry = { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: error };
      return { ok: false, problem: new ProblemError(UNAVAILABLE_ERRORS[error.code], retry) };
    }
    if (result === undefined) throw new Error('accept gave no result for its input');
    if (result.kind !== 'accepted') return { ok: false, problem: refusal(result) };
    if (!result.replayed) {
      metrics.accepted.inc({ lane: laneOf(input.request.priority ?? 'normal') });
      receipts.put([{ tenant: input.tenant, notificationId: result.id, state: 'accepted' }]);
    }
    return { ok: true, id: result.id };
  };
}

function refusal(result: Exclude<AcceptResult, { kind: 'accepted' }>): ProblemError {
  switch (result.kind) {
    case 'conflict':
      return new ProblemError('notification_conflict', { field: '/id' });
    case 'in-progress':
      return new ProblemError('request_in_progress', {
        field: '/id',
        retryAfterSeconds: result.retryAfterMs / 1_000,
      });
    case 'too-large':
      return new ProblemError('notification_too_large', {
        detail: `The notification has ${result.bytes} bytes of JSON.`,
        field: '',
        limit: result.limitBytes,
      });
  }
}
