import type { Outcome } from '@belfry/core/outcome';
import { parseRetryAfter } from '@belfry/core/retry-after';
import { type FcmAnswer, parseFcmAnswer } from './fcm-answer.ts';
import {
  OUTCOME_TABLE,
  type OutcomeRule,
  TRANSPORT_TABLE,
  type TransportRule,
  UNREADABLE_RULE,
} from './outcome-table.ts';

export type FcmReply = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: string;
};

/** What an answer of FCM comes to, by the rules of `OUTCOME_TABLE`. `nowMs` resolves a Retry-After that is a date. */
export function classifyReply(reply: FcmReply, nowMs: number): Outcome {
  const answer = parseFcmAnswer(reply.body);
  const rule = ruleFor(reply.status, answer);
  const code = answer.errorCode ?? String(reply.status);
  if (rule.outcome === 'delivered') return { kind: 'delivered', code };
  const { outcome: kind, reason, fault } = rule;
  if (kind === 'rejected') return { kind, code, reason, ...(fault === undefined ? {} : { fault }) };
  if (kind !== 'retry') return { kind, code, reason };
  const afterMs = parseRetryAfter(reply.retryAfter, undefined, nowMs);
  return { kind, code, reason, ...wait(afterMs, rule.floorMs) };
}

/** What a request without an answer comes to. `code` is the system's or the protocol's word for it (`ECONNREFUSED`, `GOAWAY`). */
export function classifyFailure(failure: TransportRule['failure'], code: string): Outcome {
  const rule = TRANSPORT_TABLE.find((candidate) => candidate.failure === failure);
  if (!rule) throw new Error(`no rule for the transport failure ${failure}`);
  if (rule.outcome === 'unknown') return { kind: 'unknown', code, reason: rule.reason };
  return { kind: 'retry', code, reason: rule.reason, ...wait(undefined, rule.floorMs) };
}

function ruleFor(status: number, answer: FcmAnswer): OutcomeRule {
  const rule = OUTCOME_TABLE.find((candidate) => matches(candidate, status, answer)) ?? UNREADABLE_RULE;
  return rule.outcome === 'delivered' && !answer.readable ? UNREADABLE_RULE : rule;
}

function matches(rule: OutcomeRule, status: number, answer: FcmAnswer): boolean {
  if (rule.errorCode !== undefined && rule.errorCode !== answer.errorCode) return false;
  if (rule.status && (status < rule.status[0] || status > rule.status[1])) return false;
  return rule.aspect === undefined || answer.aspects.has(rule.aspect);
}

function wait(afterMs: number | undefined, floorMs: number | undefined): { afterMs?: number; floorMs?: number } {
  if (afterMs !== undefined) return { afterMs };
  return floorMs === undefined ? {} : { floorMs };
}
