import type { PushChannelAdapter, PushDelivery } from '@belfry/core/channel';
import type { Outcome } from '@belfry/core/outcome';
import type { FakeClock } from '@belfry/testing/fake-clock';

/** An outcome, or code that takes its time to come to one. */
export type Answer = Outcome | ((delivery: PushDelivery, signal: AbortSignal) => Promise<Outcome>);

export type ScriptedChannel = PushChannelAdapter & {
  /** Every attempt, and when it began. */
  readonly sent: readonly (PushDelivery & { readonly atMs: number })[];
  /** Answers to the next attempts, in order; once they are used up everything is delivered. */
  answer(...answers: readonly Answer[]): void;
  clear(): void;
};

export const DELIVERED: Outcome = { kind: 'delivered', code: '201' };
export const FAILED: Outcome = { kind: 'retry', code: '503', reason: 'provider-error' };
export const REJECTED: Outcome = { kind: 'rejected', code: '400', reason: 'bad-request' };
export const GONE: Outcome = { kind: 'gone', code: '410', reason: 'subscription-gone' };

export const ATTEMPT_TIMEOUT_MS = 15_000;

/** A Web Push channel without a network. */
export function createScriptedChannel(clock: FakeClock): ScriptedChannel {
  const script: Answer[] = [];
  const sent: (PushDelivery & { readonly atMs: number })[] = [];
  const hostOf: PushChannelAdapter['hostOf'] = ({ channel, address }) =>
    channel === 'webpush' ? new URL((address as { endpoint: string }).endpoint).host : 'fcm';
  return {
    channel: 'webpush',
    limits: {
      maxPayloadBytes: 4_096,
      maxTtlSeconds: 1_000_000,
      attemptTimeoutMs: ATTEMPT_TIMEOUT_MS,
      minRetryWaitMs: 0,
    },
    sent,
    answer: (...answers) => void script.push(...answers),
    clear() {
      script.length = 0;
      sent.length = 0;
    },
    async deliver(delivery, signal) {
      sent.push({ ...delivery, atMs: clock.nowMs() });
      const next = script.shift() ?? DELIVERED;
      const outcome = typeof next === 'function' ? await next(delivery, signal) : next;
      return { outcome, host: hostOf(delivery.device) };
    },
    validateDevice: async () => ({ ok: false, field: '/', detail: 'not asked for' }),
    hostOf,
    close: async () => {},
  };
}
