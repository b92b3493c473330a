import type { LogRecord } from '@belfry/core/log';
import { deliveriesTopic, jobsTopic, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inputOf, jsonOf, only, TENANT, usePipeline } from './pipeline.fixture.ts';

const pipeline = usePipeline();
const JOBS = jobsTopic('transactional');
const PUSHES = deliveriesTopic('webpush', 'transactional');

const inboxOf = async (user: string) =>
  (await pipeline.store.readInbox({ tenant: TENANT, user }, undefined, 100)).items.map(
    ({ notification }) => notification.id,
  );
const placesOf = async (user: string) =>
  (await pipeline.store.readStream({ tenant: TENANT, user }, 0, 1_000)).items.map((item) => [
    item.offset,
    item.notification.id,
  ]);
const copyOf = ({ value, headers }: LogRecord, key: string) => ({ key, value, headers });

describe('decision 2: one job record per recipient', () => {
  it('keys each by its recipient', async () => {
    await pipeline.start().accept([inputOf('', { to: { users: ['r-ann', 'r-bob', 'r-ann'] } })]);
    const records = await pipeline.take(JOBS);
    expect(records.map(({ key }) => key).toSorted()).toEqual([`${TENANT}/r-ann`, `${TENANT}/r-bob`]);
    expect(jsonOf(records[0])).not.toHaveProperty('tenant');
    for (const record of records) {
      const { recipient, notification } = jsonOf(record) as { recipient: string; notification: { to: unknown } };
      expect(notification.to).toEqual({ users: [recipient] });
    }
  });

  it.each([
    ['a foreign key', JOBS, 'whatever'],
    ['the topic of another lane', jobsTopic('bulk'), `${TENANT}/r-cay`],
  ])('sends a record with %s round once more, and routes that one', async (_what, topic, key) => {
    const id = await pipeline.post('r-cay');
    const right = only(await pipeline.takeJobs());
    await pipeline.log.append(topic, [copyOf(right, key)]);
    const { route } = pipeline.start();
    await route(await pipeline.take(topic));
    expect(await inboxOf('r-cay')).not.toContain(id);
    const again = only(await pipeline.take(JOBS));
    expect(again).toMatchObject({ key: right.key, logTopic: JOBS });
    expect(jsonOf(again)).toEqual(jsonOf(right));
    await route([again]);
    expect(await inboxOf('r-cay')).toContain(id);
  });

  it('expands a list of users that came without recipients', async () => {
    const id = await pipeline.post('r-dan');
    const right = only(await pipeline.takeJobs());
    const { recipient: _, notification, ...rest } = jsonOf(right) as { recipient: string; notification: object };
    const value = Buffer.from(
      JSON.stringify({ ...rest, notification: { ...notification, to: { users: ['r-dan', 'r-eve'] } } }),
    );
    await pipeline.log.append(JOBS, [{ ...copyOf(right, 'a-key-of-their-own'), value }]);
    await pipeline.workOff();
    expect(await inboxOf('r-dan')).toEqual([id]);
    expect(await inboxOf('r-eve')).toEqual([id]);
  });

  it('takes one record, keyed by the notification, for the subscribers of a topic', async () => {
    await pipeline.store.subscribeTopic(TENANT, 'news', ['r-fay', 'r-gus']);
    const id = await pipeline.post('', { to: { topic: 'news' } });
    const record = only(await pipeline.take(JOBS));
    expect(record.key).toBe(`${TENANT}/notification:${id}`);
    await pipeline.start().route([record]);
    const expanded = await pipeline.take(JOBS);
    expect(expanded.map(({ key }) => key).toSorted()).toEqual([`${TENANT}/r-fay`, `${TENANT}/r-gus`]);
    for (const each of expanded) await pipeline.start().route([each]);
    expect(await inboxOf('r-gus')).toEqual([id]);
  });

  it('expands everyone of the tenant', async () => {
    await pipeline.addDevice('r-hal');
    const id = await pipeline.post('', { to: { everyone: true } });
    await pipeline.workOff();
    expect(await inboxOf('r-hal')).toContain(id);
  });

  it('goes on in a record of its own after 10,000 users, and loses nobody to a crash in the middle', async () => {
    const users = Array.from({ length: 10_001 }, (_, index) => `many-${index.toString().padStart(5, '0')}`);
    await pipeline.store.subscribeTopic(TENANT, 'many', users);
    await pipeline.post('', { to: { topic: 'many' } });
    const record = only(await pipeline.take(JOBS));
    pipeline.faults.plan('append', { when: 'before', skip: 3 });
    await expect(pipeline.start().route([record])).rejects.toThrow('append failed');
    expect(await pipeline.take(JOBS)).toHaveLength(1_500);

    await pipeline.start().route([record]);
    const records = await pipeline.take(JOBS);
    const rest = records.filter((each) => jsonOf(each).recipient === undefined);
    expect(records).toHaveLength(10_001);
    expect(jsonOf(only(rest))).toMatchObject({ after: 'many-09999' });
    await pipeline.start().route(rest);
    const last = only(await pipeline.take(JOBS));
    const reached = new Set([...records, last].map((each) => jsonOf(each).recipient));
    expect(users.filter((user) => !reached.has(user))).toEqual([]);
  });
});

describe('decision 3: the user stream', () => {
  it('gives dense offsets in the order of the records, however often and in whatever runs they come', async () => {
    let turn = 0;
    const step = fc.record({ user: fc.constantFrom('x', 'y'), place: fc.nat(7), endsRun: fc.boolean() });
    const check = async (steps: readonly { user: string; place: number; endsRun: boolean }[]) => {
      turn++;
      const jobs = new Map<string, LogRecord>();
      for (const { user, place } of steps) {
        const name = `s${turn}-${user}-${place}`;
        if (jobs.has(name)) continue;
        // Every other one is for push only: it takes its place all the same.
        await pipeline.post(`s${turn}-${user}`, {
          id: name,
          ...(place % 2 ? { channels: ['webpush'] as const } : {}),
        } as never);
        jobs.set(name, only(await pipeline.takeJobs()));
      }
      const { route } = pipeline.start();
      const owed = new Map<string, string[]>([
        ['x', []],
        ['y', []],
      ]);
      const runs = new Map<string, LogRecord[]>([
        ['x', []],
        ['y', []],
      ]);
      for (const { user, place, endsRun } of steps) {
        const name = `s${turn}-${user}-${place}`;
        const run = runs.get(user) ?? [];
        run.push(jobs.get(name) as LogRecord);
        if (!owed.get(user)?.includes(name)) owed.get(user)?.push(name);
        if (endsRun) await route(run.splice(0));
      }
      await Promise.all([...runs.values()].map((run) => route(run)));
      for (const [user, names] of owed) {
        expect(await placesOf(`s${turn}-${user}`)).toEqual(names.map((name, index) => [index + 1, name]));
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 12 }), check), { numRuns: 25 });
  });

  it.each([
    ['after the commit', 'route', 'after', 0],
    ['before the delivery was appended', 'append', 'before', 0],
    ['after the delivery was appended', 'append', 'after', 1],
  ] as const)('appends again what an earlier try stored: crash %s', async (where, step, when, appended) => {
    const user = `stored ${where}`;
    await pipeline.addDevice(user);
    const id = await pipeline.post(user);
    const job = only(await pipeline.takeJobs());
    pipeline.faults.plan(step, { when, ...(step === 'append' ? { only: PUSHES } : {}) });
    await expect(pipeline.start().route([job])).rejects.toThrow(`${step} failed`);
    expect(await placesOf(user)).toEqual([[1, id]]);

    await pipeline.start().route([job]);
    expect(await placesOf(user)).toEqual([[1, id]]);
    const records = await pipeline.take(PUSHES);
    expect(records).toHaveLength(appended + 1);
    const { deliver } = pipeline.start();
    for (const record of records) await deliver(record);
    expect(pipeline.channel.sent).toHaveLength(1);

    await pipeline.start().route([job]);
    expect(await pipeline.take(PUSHES)).toEqual([]);
  });

  it('says of a recipient whom nothing goes to why that is', async () => {
    const [nowhere, quiet] = [{ user: 'skip-ann' }, { tenant: TENANT, user: 'skip-bob' }];
    await pipeline.addDevice(quiet.user);
    await pipeline.store.writePreferences(quiet, { channels: { realtime: false, webpush: false }, types: {} });
    const named = await pipeline.post(nowhere.user, { channels: ['webpush'] });
    const muted = await pipeline.post(quiet.user);
    await pipeline.workOff();
    const skippedOf = async (id: string) => {
      const { counts, deliveries } = await pipeline.ledger(id);
      expect(counts).toEqual({ skipped: deliveries.length });
      return deliveries.map(({ recipient, channel, reason }) => [recipient, channel, reason].join(' ')).toSorted();
    };
    expect(await skippedOf(named)).toEqual(['skip-ann webpush no-device']);
    expect(await skippedOf(muted)).toEqual(['skip-bob realtime muted', 'skip-bob webpush muted']);
    expect([pipeline.hints, pipeline.channel.sent]).toEqual([[], []]);

    const { id } = (await pipeline.ledger(named)).deliveries[0] ?? {};
    const receipts = (await pipeline.take(RECEIPTS_TOPIC)).map(jsonOf).filter((each) => each.notificationId === named);
    expect(receipts.map(({ state }) => state)).toEqual(['routed', 'skipped']);
    expect(receipts[1]).toMatchObject({ deliveryId: id, channel: 'webpush', reason: 'no-device' });
  });

  it('tells the receipts feed what was stored', async () => {
    const user = 'told';
    await pipeline.addDevice(user);
    const id = await pipeline.post(user);
    await pipeline.start().route(await pipeline.takeJobs());
    const receipts = (await pipeline.take(RECEIPTS_TOPIC)).map(jsonOf);
    expect(receipts.map(({ state, notificationId }) => [state, notificationId])).toEqual([
      ['routed', id],
      ['stored', id],
      ['queued', id],
    ]);
  });
});

describe('decision 4: realtime messages are hints', () => {
  it('publishes after the commit, and again when the record is repeated', async () => {
    const id = await pipeline.post('h-ann');
    const jobs = await pipeline.takeJobs();
    pipeline.faults.plan('route', { when: 'before' });
    await expect(pipeline.start().route(jobs)).rejects.toThrow();
    expect(pipeline.hints).toEqual([]);

    const { route } = pipeline.start();
    await route(jobs);
    await route(jobs);
    expect(pipeline.hints).toHaveLength(2);
    for (const hint of pipeline.hints) {
      expect(hint).toMatchObject({ tenant: TENANT, user: 'h-ann', offset: 1 });
      expect(JSON.parse(hint.frame ?? '')).toMatchObject({ type: 'notification', notification: { id } });
    }
  });

  it('carries no frame once the notification has expired, and is not sent for push alone', async () => {
    await pipeline.post('h-bob', { ttlSeconds: 60 });
    await pipeline.post('h-cay', { channels: ['webpush'] });
    const jobs = await pipeline.takeJobs();
    await pipeline.clock.advance(60_000);
    for (const job of jobs) await pipeline.start().route([job]);
    expect(pipeline.hints).toEqual([{ tenant: TENANT, user: 'h-bob', offset: 1 }]);
  });

  it('goes by what was stored, not by what would be planned now', async () => {
    const user = { tenant: TENANT, user: 'h-eve' };
    const mute = (realtime: boolean) => pipeline.store.writePreferences(user, { channels: { realtime }, types: {} });
    await pipeline.post('h-eve');
    const shown = await pipeline.takeJobs();
    await pipeline.post('h-eve');
    const hidden = await pipeline.takeJobs();
    const { route } = pipeline.start();
    await route(shown);
    await mute(false);
    await route(hidden);
    await route(shown);
    await mute(true);
    await route(hidden);
    expect(pipeline.hints.map(({ offset }) => offset)).toEqual([1, 1]);
  });

  it('gets over a store that could not say its epoch, and has begun nothing until then', async () => {
    await pipeline.addDevice('h-dan');
    await pipeline.post('h-dan', { channels: ['webpush'] });
    await pipeline.post('h-dan');
    const jobs = await pipeline.takeJobs();
    const { route } = pipeline.start();
    pipeline.faults.plan('epoch', { when: 'before' });
    await expect(route(jobs)).rejects.toThrow('epoch failed');
    expect(await pipeline.takeDeliveries()).toEqual([]);
    await route(jobs);
    expect(pipeline.hints).toHaveLength(1);
    expect(await pipeline.takeDeliveries()).toHaveLength(2);
  });
});
