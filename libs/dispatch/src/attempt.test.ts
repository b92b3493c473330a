import type { PushDelivery } from '@belfry/core/channel';
import type { Notification } from '@belfry/core/notification';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { attemptOnce } from './attempt.ts';
import { type Answer, ATTEMPT_TIMEOUT_MS, createScriptedChannel, DELIVERED } from './scripted-channel.fixture.ts';

const never = () => new Promise<never>(() => {});

function begin(answer: Answer, remainingMs = 60_000, shutdown = new AbortController().signal) {
  const clock = createFakeClock();
  const channel = createScriptedChannel(clock);
  channel.answer(answer);
  const address = { endpoint: 'https://push.example/1', p256dh: '', auth: '', keyId: '' };
  const delivery: PushDelivery = {
    deliveryId: 'd',
    recipient: 'ann',
    notification: {} as Notification,
    device: { tenant: 't', id: 'v', user: 'ann', createdAtMs: 0, version: 1, channel: 'webpush', address },
    attempt: 1,
    remainingMs,
  };
  return { clock, result: attemptOnce(channel, delivery, clock, shutdown) };
}

describe('attemptOnce', () => {
  it('returns what the channel says, with the host and how long it took, and leaves no timer', async () => {
    let answer = (): void => {};
    const { clock, result } = begin(() => new Promise((resolve) => (answer = () => resolve(DELIVERED))));
    await clock.advance(70);
    answer();
    expect(await result).toEqual({ outcome: DELIVERED, host: 'push.example', durationMs: 70 });
    expect(clock.pending).toBe(0);
  });

  it.each([
    ['the attempt’s own limit', 60_000, ATTEMPT_TIMEOUT_MS],
    ['the deadline of the notification', 2_000, 2_000],
  ])('aborts at %s, and gives up a second later', async (_which, remainingMs, limitMs) => {
    let aborted = false;
    const { clock, result } = begin((_, signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return never();
    }, remainingMs);
    await clock.advance(limitMs - 1);
    expect(aborted).toBe(false);
    await clock.advance(1);
    expect(aborted).toBe(true);
    await clock.advance(1_000);
    const outcome = { kind: 'unknown', code: 'deadline', reason: 'attempt-deadline' };
    expect(await result).toEqual({ outcome, host: 'push.example', durationMs: limitMs + 1_000 });
    expect(clock.pending).toBe(0);
  });

  it('aborts on shutdown, also one that has already begun', async () => {
    const shutdown = new AbortController();
    const before = begin(never, 60_000, shutdown.signal);
    shutdown.abort();
    const after = begin(never, 60_000, shutdown.signal);
    for (const { clock, result } of [before, after]) {
      await clock.advance(1_000);
      expect((await result).outcome).toMatchObject({ kind: 'unknown', reason: 'attempt-deadline' });
      expect(clock.pending).toBe(0);
    }
  });

  it.each([
    ['rejects', () => Promise.reject(new TypeError('no'))],
    [
      'throws',
      () => {
        throw new TypeError('no');
      },
    ],
  ])('calls the outcome of a channel that %s unknown', async (_how, answer) => {
    const { result } = begin(answer);
    expect(await result).toMatchObject({ outcome: { kind: 'unknown', code: 'adapter-error', reason: 'TypeError' } });
  });
});
