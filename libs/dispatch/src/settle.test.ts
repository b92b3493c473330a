import type { PushDelivery } from '@belfry/core/channel';
import type { LogRecord } from '@belfry/core/log';
import type { Outcome } from '@belfry/core/outcome';
import { DEAD_LETTERS_TOPIC, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import type { NotificationRequest } from '@belfry/protocol/notification-request';
import { describe, expect, it } from 'vitest';
import { jsonOf, only, TENANT, usePipeline } from './pipeline.fixture.ts';
import { DELIVERED, FAILED, GONE, REJECTED } from './scripted-channel.fixture.ts';

const pipeline = usePipeline();

/** A notification routed to a user with one Web Push device, and the record of its first attempt. */
async function routed(user: string, fields: Partial<NotificationRequest> = {}) {
  const [known] = await pipeline.store.listDevices({ tenant: TENANT, user });
  const device = known?.id ?? (await pipeline.addDevice(user));
  const id = await pipeline.post(user, fields);
  await pipeline.start().route(await pipeline.takeJobs());
  return { id, user, device, record: only(await pipeline.takeDeliveries()) };
}

/** An attempt that goes on until it is told what it came to. */
function openAttempt() {
  let finish = (_outcome: Outcome): void => {};
  const outcome = new Promise<Outcome>((resolve) => {
    finish = resolve;
  });
  pipeline.channel.answer(() => outcome);
  return (came: Outcome) => finish(came);
}

const attemptsUnderWay = (count: number) => expect.poll(() => pipeline.channel.sent.length).toBe(count);
const statesOf = async (id: string) =>
  (await pipeline.take(RECEIPTS_TOPIC))
    .map(jsonOf)
    .filter((receipt) => receipt.notificationId === id && receipt.channel === 'webpush')
    .map(({ state }) => state);
const endWith = async (record: LogRecord, ...answers: readonly Outcome[]) => {
  pipeline.channel.answer(...answers);
  await pipeline.start().deliver(record);
};
const devicesOf = async (user: string) =>
  (await pipeline.store.listDevices({ tenant: TENANT, user })).map(({ id, version }) => [id, version]);

describe('decision 5: the gate, and the compare-and-set after it', () => {
  it('lets a repeated record do nothing once it was settled', async () => {
    const { id, record } = await routed('g-ann');
    const { deliver } = pipeline.start();
    await deliver(record);
    await deliver(record);
    await pipeline.start().deliver(record);
    expect(pipeline.channel.sent).toHaveLength(1);
    expect((await pipeline.deliveryOf(id)).attempts).toHaveLength(1);
    expect(pipeline.dropped).toEqual(['settled', 'settled']);
  });

  it('applies one settlement when two workers have the same record', async () => {
    const { id, record } = await routed('g-bob');
    const first = openAttempt();
    const second = openAttempt();
    const both = [pipeline.start().deliver(record), pipeline.start().deliver(record)];
    await attemptsUnderWay(2);
    second(DELIVERED);
    await both[1];
    first(REJECTED);
    await both[0];
    const delivery = await pipeline.deliveryOf(id);
    expect(delivery).toMatchObject({ state: 'delivered', attempts: [{ number: 1, outcome: 'delivered' }] });
    expect(pipeline.dropped).toEqual(['settled-meanwhile']);
    expect(await pipeline.take(DEAD_LETTERS_TOPIC)).toEqual([]);
  });

  it('lets the record of an earlier attempt do nothing', async () => {
    const { id, record } = await routed('g-cay');
    await endWith(record, FAILED);
    await pipeline.start().deliver(record);
    expect(pipeline.channel.sent).toHaveLength(1);
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'retrying', attempts: [{ number: 1 }] });
    expect(pipeline.dropped).toEqual(['outdated']);
  });

  it('reads address and keys at each attempt', async () => {
    const { user, device, record } = await routed('g-dan');
    const [known] = await pipeline.store.listDevices({ tenant: TENANT, user });
    if (known?.channel !== 'webpush') throw new Error('a Web Push device was registered');
    const address = { ...known.address, auth: 'other keys' };
    await pipeline.store.registerDevice({ tenant: TENANT, user }, 'unused', { channel: 'webpush', address });
    await pipeline.start().deliver(record);
    expect(only(pipeline.channel.sent).device).toMatchObject({ id: device, version: 2, address });
  });

  it('removes exactly the version of the device that was sent to', async () => {
    const stays = await routed('g-eve');
    const [known] = await pipeline.store.listDevices({ tenant: TENANT, user: stays.user });
    if (known === undefined) throw new Error('no device');
    const late = openAttempt();
    const underWay = pipeline.start().deliver(stays.record);
    await attemptsUnderWay(1);
    await pipeline.store.registerDevice({ tenant: TENANT, user: stays.user }, 'unused', known);
    late(GONE);
    await underWay;
    expect(await devicesOf(stays.user)).toEqual([[stays.device, 2]]);
    expect(await pipeline.deliveryOf(stays.id)).toMatchObject({ state: 'dead-lettered', reason: 'subscription-gone' });

    const goes = await routed('g-fay');
    await endWith(goes.record, GONE);
    expect(await devicesOf(goes.user)).toEqual([]);
    const refused = await routed('g-gus');
    await endWith(refused.record, REJECTED);
    expect(await devicesOf(refused.user)).toEqual([[refused.device, 1]]);
  });

  it('dead-letters what has lost its device, without an attempt', async () => {
    const { id, user, device, record } = await routed('g-hal');
    await pipeline.store.removeDevice({ tenant: TENANT, user }, device);
    await pipeline.start().deliver(record);
    expect(pipeline.channel.sent).toEqual([]);
    expect(await pipeline.deliveryOf(id)).toMatchObject({
      state: 'dead-lettered',
      reason: 'device-removed',
      attempts: [],
    });
  });

  it.each([
    ['an end', DELIVERED, 'delivered'],
    ['a wait', FAILED, 'retrying'],
    ['a dead letter', REJECTED, 'dead-lettered'],
  ] as const)(
    'tells the feeds of %s again after a crash between the settlement and them',
    async (what, outcome, state) => {
      const { id, record } = await routed(`g-ivy ${what}`);
      await pipeline.take(RECEIPTS_TOPIC);
      pipeline.channel.answer(outcome);
      pipeline.faults.plan('append', { when: 'before', times: 2 });
      const dying = pipeline.start();
      await expect(dying.deliver(record).then(dying.commit)).rejects.toThrow('append failed');
      dying.crash();
      pipeline.faults.clear();
      await pipeline.start().deliver(record);
      expect(await statesOf(id)).toEqual([state]);
      const letters = (await pipeline.take(DEAD_LETTERS_TOPIC)).map(jsonOf);
      expect([...new Set(letters.map(({ notificationId }) => notificationId))]).toEqual(
        state === 'dead-lettered' ? [id] : [],
      );
      expect((await pipeline.deliveryOf(id)).attempts).toHaveLength(1);
    },
  );
});

describe('decision 6: acknowledgement and cancellation', () => {
  const release = async () => {
    await pipeline.clock.advance(60_000);
    return pipeline.start().release();
  };

  it('ends what waits, and its timer, when the recipient acknowledges', async () => {
    const { id, user, record } = await routed('a-ann');
    await endWith(record, FAILED);
    await pipeline.store.acknowledge([{ tenant: TENANT, user, notificationIds: [id] }]);
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'acknowledged', dueAtMs: undefined });
    expect(await release()).toBe(0);
    expect(pipeline.channel.sent).toHaveLength(1);
  });

  it('does not wait for another attempt when the acknowledgement came during one, and tells the feed so', async () => {
    const { id, user, record } = await routed('a-bob');
    await pipeline.take(RECEIPTS_TOPIC);
    const finish = openAttempt();
    const underWay = pipeline.start().deliver(record);
    await attemptsUnderWay(1);
    await pipeline.store.acknowledge([{ tenant: TENANT, user, notificationIds: [id] }]);
    finish(FAILED);
    await underWay;
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'acknowledged', attempts: [{ outcome: 'retry' }] });
    expect(await release()).toBe(0);
    expect(await statesOf(id)).toEqual(['acknowledged']);
  });

  it('stays cancelled whatever comes of the attempt that was under way', async () => {
    const { id, record } = await routed('a-bea');
    const finish = openAttempt();
    const underWay = pipeline.start().deliver(record);
    await attemptsUnderWay(1);
    await pipeline.store.cancelNotification(TENANT, id);
    finish(FAILED);
    await underWay;
    expect(await pipeline.deliveryOf(id)).toMatchObject({ state: 'cancelled' });
    expect(await release()).toBe(0);
  });

  it('never stops a first attempt, but a retry that was already on its way', async () => {
    const first = await routed('a-cay');
    await pipeline.store.acknowledge([{ tenant: TENANT, user: first.user, notificationIds: [first.id] }]);
    await pipeline.start().deliver(first.record);
    expect(await pipeline.deliveryOf(first.id)).toMatchObject({ state: 'delivered' });

    const second = await routed('a-dan');
    await endWith(second.record, FAILED);
    expect(await release()).toBe(1);
    const retry = only(await pipeline.takeDeliveries());
    await pipeline.store.acknowledge([{ tenant: TENANT, user: second.user, notificationIds: [second.id] }]);
    await pipeline.start().deliver(retry);
    expect(await pipeline.deliveryOf(second.id)).toMatchObject({ state: 'acknowledged', attempts: [{ number: 1 }] });
  });

  it('cancels what was not sent, says what was, and says it again', async () => {
    const sent = await pipeline.addDevice('a-eve');
    const waits = await pipeline.addDevice('a-eve');
    await pipeline.addDevice('a-eve');
    const id = await pipeline.post('a-eve');
    const { route, deliver } = pipeline.start();
    await route(await pipeline.takeJobs());
    const records = await pipeline.takeDeliveries();
    const to = (device: string) => only(records.filter((record) => jsonOf(record).deviceId === device));
    await deliver(to(sent));
    pipeline.channel.answer(FAILED);
    await deliver(to(waits));

    const answer = { cancelled: 3, alreadySent: 1 };
    expect(await pipeline.store.cancelNotification(TENANT, id)).toEqual(answer);
    for (const record of records) await pipeline.start().deliver(record);
    expect(await release()).toBe(0);
    expect(pipeline.channel.sent).toHaveLength(2);
    expect((await pipeline.ledger(id)).counts).toEqual({ cancelled: 3, delivered: 1 });
    expect(await pipeline.store.cancelNotification(TENANT, id)).toEqual(answer);
  });

  it('keeps a cancelled notification from being routed, and its deliveries from being sent', async () => {
    const id = await pipeline.post('a-fay');
    await pipeline.store.cancelNotification(TENANT, id);
    await pipeline.workOff();
    expect((await pipeline.ledger(id)).deliveries).toEqual([]);
    expect(pipeline.hints).toEqual([]);
  });
});

describe('decision 8: collapse', () => {
  it('drops the older one, whichever lanes the two are in', async () => {
    const older = await routed('c-ann', { collapseKey: 'score' });
    const newer = await routed('c-ann', { collapseKey: 'score', priority: 'low' });
    const { deliver } = pipeline.start();
    await deliver(newer.record);
    await deliver(older.record);
    expect(pipeline.channel.sent.map(({ notification }) => notification.id)).toEqual([newer.id]);
    expect(await pipeline.deliveryOf(older.id)).toMatchObject({ state: 'superseded', attempts: [] });
    expect(await pipeline.deliveryOf(newer.id)).toMatchObject({ state: 'delivered' });
  });

  it('goes by the place in the stream, for one recipient and one key', async () => {
    const other = await routed('c-bob', { collapseKey: 'score' });
    const first = await routed('c-cay', { collapseKey: 'score' });
    const second = await routed('c-cay', { collapseKey: 'weather' });
    const third = await routed('c-cay');
    for (const { record } of [third, second, first, other]) await pipeline.start().deliver(record);
    const sent = pipeline.channel.sent.map(({ notification }: PushDelivery) => notification.id);
    expect(sent).toEqual([third.id, second.id, first.id, other.id]);
  });

  it('does not revive the older one when the newer fails', async () => {
    const older = await routed('c-dan', { collapseKey: 'score' });
    await endWith(older.record, FAILED);
    const newer = await routed('c-dan', { collapseKey: 'score' });
    await endWith(newer.record, REJECTED);
    expect(await pipeline.deliveryOf(newer.id)).toMatchObject({ state: 'dead-lettered' });

    await pipeline.clock.advance(60_000);
    expect(await pipeline.start().release()).toBe(1);
    await pipeline.workOff();
    expect(await pipeline.deliveryOf(older.id)).toMatchObject({ state: 'superseded', attempts: [{ number: 1 }] });
    expect(pipeline.channel.sent).toHaveLength(2);
  });
});
