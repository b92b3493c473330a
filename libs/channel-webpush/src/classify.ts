import type { Outcome, SetupFault } from '@belfry/core/outcome';
import { parseRetryAfter } from '@belfry/core/retry-after';

/** What a push service answered. */
export type PushAnswer = {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** At most the first 4 KiB. */
  readonly body: string;
};

/** Why there was no answer. */
export type FailureCause =
  | 'address-refused'
  | 'dns-failed'
  | 'connect-failed'
  | 'connection-lost'
  | 'timeout'
  | 'aborted';

export type PushFailure = {
  readonly kind: 'failure';
  readonly cause: FailureCause;
  /** The error's own code, such as ECONNRESET. */
  readonly code: string;
  /** True when any byte of the request may have reached the service, so it may have been acted on. */
  readonly bytesWritten: boolean;
};

type Rule = {
  /** First and last status. */
  readonly statuses: readonly [number, number];
  /** Any of these in the body, as it was sent. Without it, every body. */
  readonly body?: readonly string[];
  readonly kind: 'delivered' | 'retry' | 'gone' | 'rejected';
  readonly reason: string;
  /** Of a `rejected`: whether our own keys are refused. */
  readonly fault?: SetupFault;
};

/**
 * The outcome table of Web Push: the first rule that fits decides. RFC 8030 §5 to §8, RFC 8292 §4.2, Mozilla autopush's error table, Apple
 * "Sending web push notifications", WNS "push notification service response headers". A dead subscription is removed only where the service says so
 * of that subscription (404, 410, or a key mismatch at 400); whatever is wrong with our own keys (401, 403) keeps it. That may still be the subscription alone: a page can have
 * made it with a key that is not ours.
 */
export const OUTCOME_RULES: readonly Rule[] = [
  { statuses: [200, 299], kind: 'delivered', reason: 'accepted' },
  { statuses: [300, 399], kind: 'rejected', reason: 'redirect-refused' },
  {
    statuses: [400, 400],
    // Apple, and FCM in two spellings: the subscription was made with another VAPID key, which no request can mend.
    body: ['VapidPkHashMismatch', 'UnauthorizedRegistration', 'do not correspond', 'does not correspond'],
    kind: 'gone',
    reason: 'vapid-key-mismatch',
  },
  { statuses: [400, 400], kind: 'rejected', reason: 'bad-request' },
  { statuses: [401, 401], kind: 'rejected', reason: 'vapid-refused', fault: 'perhaps-setup' },
  { statuses: [403, 403], kind: 'rejected', reason: 'vapid-refused', fault: 'perhaps-setup' },
  { statuses: [404, 404], kind: 'gone', reason: 'subscription-gone' },
  { statuses: [406, 406], kind: 'retry', reason: 'throttled' },
  { statuses: [408, 408], kind: 'retry', reason: 'provider-error' },
  { statuses: [410, 410], kind: 'gone', reason: 'subscription-gone' },
  { statuses: [413, 413], kind: 'rejected', reason: 'payload-too-large' },
  { statuses: [429, 429], kind: 'retry', reason: 'throttled' },
  { statuses: [400, 499], kind: 'rejected', reason: 'unexpected-status' },
  { statuses: [500, 599], kind: 'retry', reason: 'provider-error' },
];

/** Nothing that the table knows: a service that does not speak HTTP's statuses is treated as broken, not as final. */
const UNLISTED: Omit<Rule, 'statuses'> = { kind: 'retry', reason: 'unexpected-status' };

/** What an answer means. Pure; `nowMs` is the wall clock that a Retry-After date is taken against. */
export function classifyAnswer(answer: PushAnswer, nowMs: number): Outcome {
  const { kind, reason, fault } = OUTCOME_RULES.find((rule) => fits(rule, answer)) ?? UNLISTED;
  const code = String(answer.status);
  if (kind === 'delivered') return { kind, code };
  if (kind === 'rejected') return { kind, code, reason, ...(fault === undefined ? {} : { fault }) };
  if (kind !== 'retry') return { kind, code, reason };
  const afterMs = parseRetryAfter(single(answer.headers['retry-after']), single(answer.headers.date), nowMs);
  return { kind, code, reason, ...(afterMs === undefined ? {} : { afterMs }) };
}

/** What a missing answer means: certainly not acted on is worth another try, anything else is unknown. */
export function classifyFailure(failure: PushFailure): Outcome {
  const { cause, code } = failure;
  return { kind: failure.bytesWritten ? 'unknown' : 'retry', code, reason: cause };
}

function fits(rule: Rule, answer: PushAnswer): boolean {
  const [first, last] = rule.statuses;
  if (answer.status < first || answer.status > last) return false;
  return rule.body === undefined || rule.body.some((marker) => answer.body.includes(marker));
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
