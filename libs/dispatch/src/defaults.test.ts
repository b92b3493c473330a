import { createHash } from 'node:crypto';
import type { Notification } from '@belfry/core/notification';
import { DEAD_LETTERS_TOPIC, deliveriesTopic, jobsTopic } from '@belfry/protocol/log-topics';
import { describe, expect, it } from 'vitest';
import { jsonOf, only, TENANT, usePipeline } from './pipeline.fixture.ts';

const pipeline = usePipeline();
const JOBS = jobsTopic('transactional');

async function userWithDevices(user: string): Promise<void> {
  await pipeline.addDevice(user);
  await pipeline.addDevice(user);
  const address = { token: `token of ${user}` };
  await pipeline.store.registerDevice({ tenant: TENANT, user }, `fcm-${user}`, { channel: 'fcm', address });
}

/** Channels of the planned deliveries and of what was skipped, and the log topics that their work went to. */
async function planned(user: string, fields: Partial<Notification>) {
  const id = await pipeline.post(user, fields as never);
  const jobs = await pipeline.takeJobs();
  await pipeline.start().route(jobs);
  const pushes = await pipeline.takeDeliveries();
  const { deliveries } = await pipeline.ledger(id);
  const channelsOf = (some: typeof deliveries) => some.map(({ channel }) => channel).toSorted();
  return {
    channels: channelsOf(deliveries.filter(({ state }) => state !== 'skipped')),
    skipped: channelsOf(deliveries.filter(({ state }) => state === 'skipped')),
    topics: [...new Set([...jobs, ...pushes].map(({ logTopic }) => logTopic))].toSorted(),
  };
}

describe('decision 13: defaults', () => {
  it('means realtime and every active device when no channels are given', async () => {
    await userWithDevices('d-ann');
    expect((await planned('d-ann', {})).channels).toEqual(['fcm', 'realtime', 'webpush', 'webpush']);
  });

  it('means no more than the channels that are given', async () => {
    await userWithDevices('d-bob');
    expect((await planned('d-bob', { channels: ['fcm'] })).channels).toEqual(['fcm']);
  });

  it.each([
    ['low', 'bulk'],
    ['normal', 'transactional'],
    ['high', 'transactional'],
    [undefined, 'transactional'],
  ] as const)('takes priority %s through the %s lane', async (priority, lane) => {
    const user = `d-cay-${priority}`;
    await userWithDevices(user);
    const { topics } = await planned(user, priority === undefined ? {} : { priority });
    expect(topics).toEqual([deliveriesTopic('fcm', lane), deliveriesTopic('webpush', lane), jobsTopic(lane)]);
  });

  it('leaves out what the recipient has switched off, but not of high priority', async () => {
    await userWithDevices('d-dan');
    const preferences = { channels: { webpush: false }, types: {} };
    await pipeline.store.writePreferences({ tenant: TENANT, user: 'd-dan' }, preferences);
    expect(await planned('d-dan', {})).toMatchObject({ channels: ['fcm', 'realtime'], skipped: ['webpush'] });
    const high = await planned('d-dan', { priority: 'high' });
    expect(high).toMatchObject({ channels: ['fcm', 'realtime', 'webpush', 'webpush'], skipped: [] });
  });
});

describe('decision 15: a job that cannot be read', () => {
  const headers = { 'belfry-tenant': TENANT };
  const unreadable = async () => pipeline.store.listUnreadableJobs(undefined, 100);

  it('is kept with its origin, its hash and 64 KiB of its bytes, and told to the dead-letters feed', async () => {
    const value = Buffer.alloc(100_000, '{');
    await pipeline.log.append(JOBS, [{ key: 'k', value, headers }]);
    const record = only(await pipeline.take(JOBS));
    const origin = `${JOBS}:${record.partition}:${record.offset}`;
    const before = (await unreadable()).length;
    const { route } = pipeline.start();
    await route([record]);
    await route([record]);

    const kept = await unreadable();
    expect(kept).toHaveLength(before + 1);
    const job = kept.find(({ offset, partition }) => `${JOBS}:${partition}:${offset}` === origin);
    const facts = {
      id: createHash('sha256').update(origin).digest('base64url').slice(0, 22),
      tenant: TENANT,
      logTopic: JOBS,
      partition: record.partition,
      offset: String(record.offset),
      reason: 'not-json',
      sha256: createHash('sha256').update(value).digest('hex'),
    };
    expect(job).toMatchObject(facts);
    expect(Buffer.compare(Buffer.from(job?.raw ?? []), value.subarray(0, 65_536))).toBe(0);
    const letters = (await pipeline.take(DEAD_LETTERS_TOPIC)).map(jsonOf);
    expect(letters).toHaveLength(2);
    expect(letters[0]).toEqual({ v: 1, kind: 'unreadable-job', atMs: pipeline.clock.nowMs(), ...facts });
  });

  it('does not hold up the records around it', async () => {
    const { accept, route } = pipeline.start();
    const to = { users: ['u-ann'] };
    const request = { to, type: 'test', title: 'Readable' };
    await accept([{ tenant: TENANT, request: { ...request, id: 'before' } }]);
    await pipeline.log.append(JOBS, [{ key: `${TENANT}/u-ann`, value: Buffer.from('{"v":2}'), headers }]);
    await accept([{ tenant: TENANT, request: { ...request, id: 'behind' } }]);
    const run = await pipeline.take(JOBS);
    expect(new Set(run.map(({ partition }) => partition)).size).toBe(1);
    await route(run);
    const { items } = await pipeline.store.readInbox({ tenant: TENANT, user: 'u-ann' }, undefined, 10);
    expect(items.map(({ notification }) => notification.id)).toEqual(['behind', 'before']);
    const reasons = (await unreadable()).map(({ reason }) => reason);
    expect(reasons.filter((reason) => reason.startsWith('invalid: /v '))).toHaveLength(1);
  });

  it.each([
    ['no header', {}],
    ['a header that no tenant can have', { 'belfry-tenant': 'acme/u-cay' }],
    ['a header that was no text', { 'belfry-tenant': '\u0000\uFFFD' }],
  ])('is one, too, where Belfry’s own topic has a record with %s', async (_what, wrong) => {
    await pipeline.post('u-cay');
    const { key, value } = only(await pipeline.takeJobs());
    await pipeline.log.append(JOBS, [{ key, value, headers: wrong }]);
    await pipeline.workOff();
    expect((await unreadable()).some(({ reason, tenant }) => reason === 'no-tenant' && tenant === 'unknown')).toBe(
      true,
    );
    expect(await pipeline.store.heads([{ tenant: TENANT, user: 'u-cay' }])).toEqual([0]);
  });
});
