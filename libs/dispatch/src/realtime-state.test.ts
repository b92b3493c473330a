import { RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import { describe, expect, it } from 'vitest';
import { createExpireUnseen } from './expire-unseen.ts';
import { jsonOf, TENANT, usePipeline } from './pipeline.fixture.ts';
import { createRealtimeState } from './realtime-state.ts';

const pipeline = usePipeline();

describe('decision 14: states of a realtime delivery', () => {
  const state = () => createRealtimeState(pipeline.store, pipeline.feed());
  const stored = async (user: string) => {
    const id = await pipeline.post(user, { ttlSeconds: 60 });
    await pipeline.start().route(await pipeline.takeJobs());
    await pipeline.take(RECEIPTS_TOPIC);
    return { id, marks: [{ tenant: TENANT, user, notificationIds: [id] }] };
  };
  const stateOf = async (id: string) => (await pipeline.deliveryOf(id, 'realtime')).state;
  const told = async () => (await pipeline.take(RECEIPTS_TOPIC)).map((record) => jsonOf(record).state);

  it('goes from stored over sent and delivered to read, and tells each once', async () => {
    const { id, marks } = await stored('s-ann');
    expect(await stateOf(id)).toBe('stored');
    const { sent, acknowledge, read } = state();
    for (const [step, reached] of [
      [sent, 'sent'],
      [acknowledge, 'delivered'],
      [read, 'read'],
    ] as const) {
      await step(marks);
      await step(marks);
      expect(await stateOf(id)).toBe(reached);
    }
    expect(await told()).toEqual(['sent', 'delivered', 'read']);
  });

  it('never goes back for a fact that comes late', async () => {
    const { id, marks } = await stored('s-bob');
    const { sent, acknowledge, read } = state();
    expect(await read(marks)).toBe(1);
    await acknowledge(marks);
    await sent(marks);
    expect(await read(marks)).toBe(0);
    expect(await stateOf(id)).toBe('read');
    expect(await told()).toEqual(['read']);
  });

  it('ends as expired where nobody saw it, and stays what it was where somebody did', async () => {
    const unseen = await stored('s-cay');
    const seen = await stored('s-dan');
    await state().sent(seen.marks);
    await pipeline.clock.advance(60_000);
    const expire = createExpireUnseen(pipeline.store, pipeline.feed());
    while (await expire());
    expect(await stateOf(unseen.id)).toBe('stored');
    await pipeline.clock.advance(500);
    while (await expire());
    await state().sent(unseen.marks);
    expect(await stateOf(unseen.id)).toBe('expired');
    expect(await stateOf(seen.id)).toBe('sent');
    expect(await told()).toEqual(['sent', 'expired']);
  });

  it('is read in one go for everything up to now', async () => {
    const { id } = await stored('s-eve');
    expect(await state().readAll({ tenant: TENANT, user: 's-eve' })).toBe(1);
    expect(await stateOf(id)).toBe('read');
    expect(await told()).toEqual(['read']);
  });
});
