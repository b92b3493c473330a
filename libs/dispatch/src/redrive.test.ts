import type { RedriveRequest } from '@belfry/core/store/dead-letters';
import { describe, expect, it } from 'vitest';
import { only, TENANT, usePipeline } from './pipeline.fixture.ts';
import { REJECTED } from './scripted-channel.fixture.ts';

const pipeline = usePipeline();
let tasks = 0;

async function dead(user: string): Promise<{ readonly id: string; readonly letter: string }> {
  await pipeline.addDevice(user);
  pipeline.channel.answer(REJECTED);
  const id = await pipeline.post(user, { ttlSeconds: 3_600 });
  await pipeline.workOff();
  return { id, letter: await openLetterOf(id) };
}

async function openLetterOf(id: string): Promise<string> {
  const { items } = await pipeline.store.listDeadLetters(TENANT, { notificationId: id, state: 'open' }, undefined, 10);
  return only(items).id;
}

const redrive = (ids: readonly string[], fields: Partial<RedriveRequest> = {}) =>
  pipeline.store.redrive({
    tenant: TENANT,
    selection: { kind: 'ids', ids },
    dryRun: false,
    ratePerSecond: 1_000,
    taskId: `task-${++tasks}`,
    requestedBy: 'operator',
    ...fields,
  });

/** Releases what is due and works it off. */
async function goOn(): Promise<number> {
  const released = await pipeline.start().release();
  await pipeline.workOff();
  return released;
}

describe('decision 16: redrive', () => {
  it('arrives once, with its whole history', async () => {
    const { id, letter } = await dead('x-ann');
    expect(await redrive([letter])).toEqual({ taskId: `task-${tasks}`, matched: 1, skipped: {}, redriven: 1 });
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'retrying', redrive: 1 });
    expect(await goOn()).toBe(1);
    expect(await goOn()).toBe(0);
    expect(pipeline.channel.sent).toHaveLength(2);
    expect(await pipeline.deliveryOf(id)).toMatchObject({
      state: 'delivered',
      attempts: [
        { redrive: 0, number: 1, outcome: 'rejected' },
        { redrive: 1, number: 1, outcome: 'delivered' },
      ],
    });
    const { items } = await pipeline.store.listDeadLetters(TENANT, { notificationId: id }, undefined, 10);
    expect(items).toMatchObject([{ state: 'redriven' }]);
  });

  it('leaves a letter to one of those who want it, and repeats the answer to a task', async () => {
    const { letter } = await dead('x-bob');
    const results = await Promise.all([redrive([letter]), redrive([letter]), redrive([letter])]);
    expect(results.map(({ redriven }) => redriven).toSorted()).toEqual([0, 0, 1]);
    expect(results.flatMap(({ skipped }) => skipped['not-open'] ?? [])).toEqual([1, 1]);
    expect(
      await redrive([letter], { taskId: results.find(({ redriven }) => redriven === 1)?.taskId ?? '' }),
    ).toMatchObject({ redriven: 1 });
    expect(await goOn()).toBe(1);
    expect(pipeline.channel.sent).toHaveLength(2);
  });

  it('lets the record of the time before the redrive do nothing', async () => {
    await pipeline.addDevice('x-cay');
    pipeline.channel.answer(REJECTED);
    const id = await pipeline.post('x-cay');
    await pipeline.start().route(await pipeline.takeJobs());
    const old = only(await pipeline.takeDeliveries());
    await pipeline.start().deliver(old);
    await redrive([await openLetterOf(id)]);
    await pipeline.start().deliver(old);
    expect(pipeline.channel.sent).toHaveLength(1);
    expect(await goOn()).toBe(1);
    expect(pipeline.channel.sent).toHaveLength(2);
  });

  it('tries a delivery at most three times over', async () => {
    const { id } = await dead('x-dan');
    for (let turn = 1; turn <= 3; turn++) {
      pipeline.channel.answer(REJECTED);
      expect(await redrive([await openLetterOf(id)])).toMatchObject({ redriven: 1 });
      await goOn();
      expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'dead-lettered', redrive: turn });
    }
    expect(await redrive([await openLetterOf(id)])).toMatchObject({
      redriven: 0,
      skipped: { 'redriven-too-often': 1 },
    });
    expect(await goOn()).toBe(0);
    expect(pipeline.channel.sent).toHaveLength(4);
  });

  it('skips what nobody may or wants to get any more, and counts without doing it in a dry run', async () => {
    const cancelled = await dead('x-eve');
    await pipeline.store.cancelNotification(TENANT, cancelled.id);
    const acknowledged = await dead('x-fay');
    await pipeline.store.acknowledge([{ tenant: TENANT, user: 'x-fay', notificationIds: [acknowledged.id] }]);
    const deviceless = await dead('x-gus');
    const user = { tenant: TENANT, user: 'x-gus' };
    await pipeline.store.removeDevice(user, (await pipeline.store.listDevices(user))[0]?.id ?? '');
    const expired = await dead('x-hal');
    const fine = await dead('x-ivy');
    const letters = [cancelled, acknowledged, deviceless, fine].map(({ letter }) => letter);
    const skipped = { cancelled: 1, acknowledged: 1, 'device-removed': 1 };
    const plan = { matched: 4, skipped, redriven: 1 };
    expect(await redrive(letters, { dryRun: true })).toMatchObject({ ...plan, redriven: 0 });
    expect(await goOn()).toBe(0);
    expect(await redrive(letters)).toMatchObject(plan);
    expect(await goOn()).toBe(1);
    await pipeline.clock.advance(3_600_000);
    expect(await redrive([expired.letter])).toMatchObject({ redriven: 0, skipped: { expired: 1 } });
  });

  it('does not send what was acknowledged while it waited for its turn', async () => {
    const { id, letter } = await dead('x-jon');
    await redrive([letter]);
    expect(await pipeline.start().release()).toBe(1);
    await pipeline.store.acknowledge([{ tenant: TENANT, user: 'x-jon', notificationIds: [id] }]);
    await pipeline.workOff();
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'acknowledged' });
    expect(pipeline.channel.sent).toHaveLength(1);
  });

  it('paces them at the rate that was asked for', async () => {
    const letters: string[] = [];
    for (let place = 0; place < 5; place++) letters.push((await dead(`x-kim-${place}`)).letter);
    await redrive(letters, { ratePerSecond: 2 });
    const released = [await goOn()];
    for (let turn = 0; turn < 4; turn++) {
      await pipeline.clock.advance(499);
      expect(await goOn()).toBe(0);
      await pipeline.clock.advance(1);
      released.push(await goOn());
    }
    expect(released).toEqual([1, 1, 1, 1, 1]);
  });
});
