import { TIMER_LEASE_MS } from '@belfry/core/store/timers';
import { deliveriesTopic } from '@belfry/protocol/log-topics';
import type { NotificationRequest } from '@belfry/protocol/notification-request';
import { describe, expect, it } from 'vitest';
import { SCHEDULE_MS, usePipeline } from './pipeline.fixture.ts';
import { type Answer, FAILED } from './scripted-channel.fixture.ts';

const pipeline = usePipeline();

/** One notification that failed once; when it is due next, by the ledger. */
async function failedOnce(user: string, answer: Answer = FAILED, fields: Partial<NotificationRequest> = {}) {
  await pipeline.addDevice(user);
  pipeline.channel.answer(answer);
  const id = await pipeline.post(user, fields);
  await pipeline.workOff();
  const { dueAtMs, state, reason } = await pipeline.deliveryOf(id);
  return { id, dueInMs: dueAtMs === undefined ? undefined : dueAtMs - pipeline.clock.nowMs(), state, reason };
}

const release = () => pipeline.start().release();

describe('decision 7: waits are timers', () => {
  it('never releases one early, and makes the attempt when it is due', async () => {
    const { id, dueInMs = 0 } = await failedOnce('w-ann');
    expect(dueInMs).toBeGreaterThanOrEqual(SCHEDULE_MS[0] as number);
    expect(dueInMs).toBeLessThanOrEqual((SCHEDULE_MS[0] as number) * 1.2);
    await pipeline.clock.advance(dueInMs - 1);
    expect(await release()).toBe(0);
    expect(await pipeline.store.nextTimerInMs()).toBe(1);
    await pipeline.clock.advance(1);
    expect(await release()).toBe(1);
    expect(await release()).toBe(0);
    await pipeline.workOff();
    const [first, second] = pipeline.channel.sent;
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(dueInMs);
    expect(await pipeline.deliveryOf(id)).toMatchObject({
      state: 'delivered',
      attempts: [{ number: 1 }, { number: 2 }],
    });
    expect(await pipeline.store.nextTimerInMs()).toBeUndefined();
  });

  it.each([
    ['before the append', 'append', 'before'],
    ['after the append', 'append', 'after'],
    ['before the timer is removed', 'removeTimers', 'before'],
    ['after the timer is removed', 'removeTimers', 'after'],
  ] as const)('delivers once after a crash %s', async (where, step, when) => {
    const { id } = await failedOnce(`w-bob ${where}`);
    await pipeline.clock.advance(10_000);
    pipeline.faults.plan(
      step,
      step === 'append' ? { when, only: deliveriesTopic('webpush', 'transactional') } : { when },
    );
    await expect(release()).rejects.toThrow(`${step} failed`);

    await pipeline.clock.advance(TIMER_LEASE_MS - 1);
    expect(await release()).toBe(0);
    await pipeline.clock.advance(1);
    expect(await release()).toBe(where === 'after the timer is removed' ? 0 : 1);
    await pipeline.workOff();
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'delivered' });
    expect(pipeline.channel.sent).toHaveLength(2);
    expect(await pipeline.store.nextTimerInMs()).toBeUndefined();
  });

  it('is handed to one of two schedulers', async () => {
    await failedOnce('w-cay');
    await pipeline.clock.advance(10_000);
    expect((await Promise.all([release(), release(), release()])).toSorted()).toEqual([0, 0, 1]);
    expect(await pipeline.takeDeliveries()).toHaveLength(1);
  });

  it('keeps the next wait from a claim on the one before it', async () => {
    await failedOnce('w-dan');
    await pipeline.clock.advance(10_000);
    const goOn = pipeline.faults.hold('removeTimers');
    const slow = release();
    pipeline.channel.answer(FAILED);
    await expect.poll(() => pipeline.workOff().then(() => pipeline.channel.sent.length)).toBe(2);
    goOn();
    await slow;
    expect(await pipeline.store.nextTimerInMs()).toBeGreaterThanOrEqual(SCHEDULE_MS[1] as number);
  });

  it('gives up when the schedule is used up, with every attempt in the letter', async () => {
    const { id } = await failedOnce('w-eve');
    for (const _ of SCHEDULE_MS) {
      pipeline.channel.answer(FAILED);
      await pipeline.clock.advance(60_000);
      await release();
      await pipeline.workOff();
    }
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'dead-lettered' });
    const { items } = await pipeline.store.listDeadLetters('acme', { notificationId: id }, undefined, 10);
    expect(items).toMatchObject([{ reason: 'retries-exhausted:provider-error', attempts: [{}, {}, {}] }]);
  });
});

describe('decision 9: what the provider asks for', () => {
  const throttled = (wait: { afterMs?: number; floorMs?: number }): Answer => ({
    kind: 'retry',
    code: '429',
    reason: 'throttled',
    ...wait,
  });

  it('waits at least as long as Retry-After says, however long', async () => {
    const { dueInMs } = await failedOnce('p-ann', throttled({ afterMs: 3 * 86_400_000 }));
    expect(dueInMs).toBeGreaterThanOrEqual(3 * 86_400_000);
  });

  it('does not let a short Retry-After shorten the schedule', async () => {
    const { dueInMs } = await failedOnce('p-bob', throttled({ afterMs: 1_000 }));
    expect(dueInMs).toBeGreaterThanOrEqual(SCHEDULE_MS[0] as number);
  });

  it('ends a delivery as expired at once when Retry-After reaches its deadline', async () => {
    const { state, reason, dueInMs } = await failedOnce('p-cay', throttled({ afterMs: 60_000 }), { ttlSeconds: 60 });
    expect([state, reason, dueInMs]).toEqual(['expired', 'deadline-before-retry', undefined]);
    expect(await pipeline.store.nextTimerInMs()).toBeUndefined();
    const short = await failedOnce('p-dan', throttled({ afterMs: 59_999 }), { ttlSeconds: 60 });
    expect(short).toMatchObject({ state: 'retrying', dueInMs: 59_999 });
  });

  it('keeps to the floor of the provider where the schedule is shorter, and doubles it', async () => {
    const { dueInMs } = await failedOnce('p-eve', throttled({ floorMs: 60_000 }));
    expect(dueInMs).toBeGreaterThanOrEqual(60_000);
    pipeline.channel.answer(throttled({ floorMs: 60_000 }));
    await pipeline.clock.advance(72_000);
    await release();
    const beginMs = pipeline.clock.nowMs();
    await pipeline.workOff();
    expect(((await pipeline.store.nextTimerInMs()) ?? 0) + pipeline.clock.nowMs() - beginMs).toBeGreaterThanOrEqual(
      120_000,
    );
  });

  it('sends nothing at or after the deadline', async () => {
    const { id } = await failedOnce('p-fay', FAILED, { ttlSeconds: 10 });
    await pipeline.clock.advance(10_000);
    await release();
    await pipeline.workOff();
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'expired', attempts: [{ number: 1 }] });
    expect(pipeline.channel.sent).toHaveLength(1);
  });

  it('lives for four days when nothing else is asked for, and tells the provider what is left', async () => {
    const { id } = await failedOnce('p-gus');
    const { notification } = await pipeline.ledger(id);
    expect(notification.expiresAtMs - notification.acceptedAtMs).toBe(4 * 86_400_000);
    await pipeline.clock.advance(10_000);
    await release();
    await pipeline.workOff();
    const last = pipeline.channel.sent.at(-1);
    expect(last?.remainingMs).toBe(notification.expiresAtMs - (last?.atMs ?? 0));
  });
});
