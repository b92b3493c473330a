import type { DeliveryRef } from '@belfry/core/delivery';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type TestApi } from './api.fixture.ts';
import { createPipeline, type Pipeline } from './pipeline.fixture.ts';

let api: TestApi;
let pipeline: Pipeline;
let key: string;

beforeAll(async () => {
  api = await startApi();
  pipeline = createPipeline(api.store);
  key = await api.apiKey('default');
});
afterAll(() => api.stop());

async function killOne(id: string, user: string, reason: string): Promise<DeliveryRef> {
  const device = { channel: 'fcm' as const, address: { token: `token-${user}` } };
  await api.store.registerDevice({ tenant: 'default', user }, `device-${user}`, device);
  const [ref] = await pipeline.route('default', user, { id });
  if (ref === undefined) throw new Error('no delivery');
  await pipeline.kill(ref, reason);
  return ref;
}

function list(query = '') {
  return api.call('GET', `/v1/dead-letters${query}`, { as: key });
}

function redrive(body: unknown) {
  return api.call('POST', '/v1/dead-letters/redrive', { as: key, body });
}

describe('dead letters', () => {
  const refs: DeliveryRef[] = [];

  beforeAll(async () => {
    for (const [index, user] of ['alice', 'bob', 'carol'].entries()) {
      refs.push(await killOne(`dead-${index}`, user, index === 2 ? 'sender-mismatch' : 'unauthorized'));
    }
  });

  it('are listed newest first with their attempts, page by page', async () => {
    const { json } = await list();
    expect(json.items.map((letter: { notificationId: string }) => letter.notificationId)).toEqual([
      'dead-2',
      'dead-1',
      'dead-0',
    ]);
    expect(json.items[2]).toEqual({
      id: expect.any(String),
      deliveryId: refs[0]?.deliveryId,
      notificationId: 'dead-0',
      recipient: 'alice',
      channel: 'fcm',
      device: 'device-alice',
      reason: 'unauthorized',
      fingerprint: expect.stringMatching(/^[\da-f]{12}$/),
      state: 'open',
      redrive: 0,
      createdAt: expect.any(String),
      attempts: [expect.objectContaining({ outcome: 'rejected', code: '403', reason: 'unauthorized', number: 1 })],
    });
    const ids: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page = await list(`?limit=1&cursor=${cursor}`);
      ids.push(...page.json.items.map((letter: { id: string }) => letter.id));
      cursor = page.json.next;
    }
    expect(ids).toEqual(json.items.map((letter: { id: string }) => letter.id));
  });

  it('are found by each filter', async () => {
    const { json } = await list();
    const [newest] = json.items;
    for (const query of [
      `?fingerprint=${newest.fingerprint}`,
      '?recipient=carol',
      '?notificationId=dead-2',
      '?recipient=carol&state=open&channel=fcm',
    ]) {
      expect((await list(query)).json.items.map((letter: { id: string }) => letter.id)).toEqual([newest.id]);
    }
    expect((await list('?channel=webpush')).json).toEqual({ items: [] });
    expect((await list('?recipient=carol&fingerprint=000000000000')).json).toEqual({ items: [] });
  });

  it.each([
    ['?channel=realtime', 'validation_failed', 'query:channel'],
    ['?state=closed', 'validation_failed', 'query:state'],
    ['?limit=0', 'validation_failed', 'query:limit'],
    ['?limit=many', 'validation_failed', 'query:limit'],
    ['?cursor=x', 'cursor_invalid', 'query:cursor'],
  ])('refuse the query %s', async (query, code, field) => {
    expect((await list(query)).json).toMatchObject({ status: 400, code, field });
  });

  it('are grouped by cause', async () => {
    const { json } = await api.call('GET', '/v1/dead-letters/groups', { as: key });
    expect(json.items).toHaveLength(2);
    expect(json.items).toContainEqual({
      fingerprint: expect.any(String),
      channel: 'fcm',
      reason: 'unauthorized',
      count: 2,
      newestAt: expect.any(String),
    });
  });

  it('are redriven by id or filter, after a dry run', async () => {
    const dry = await redrive({ filter: { channel: 'fcm' }, dryRun: true });
    expect(dry.status).toBe(202);
    expect(dry.json).toEqual({
      taskId: expect.any(String),
      matched: 3,
      skipped: 0,
      skippedReasons: {},
      redriven: 0,
    });
    expect((await list('?state=open')).json.items).toHaveLength(3);

    const [newest] = (await list()).json.items;
    const byId = await redrive({ ids: [newest.id, newest.id], ratePerSecond: 10_000 });
    expect(byId.json).toMatchObject({ matched: 1, skipped: 0, redriven: 1 });
    const again = await redrive({ ids: [newest.id] });
    expect(again.json).toMatchObject({ skipped: 1, skippedReasons: { 'not-open': 1 }, redriven: 0 });
    const rest = await redrive({ filter: { state: 'open' } });
    expect(rest.json).toMatchObject({ matched: 2, redriven: 2 });
    expect((await list('?state=open')).json.items).toEqual([]);
  });

  it.each([
    [{}, '', undefined],
    [{ ids: ['x'], filter: {} }, '', undefined],
    [{ ids: [] }, '/ids', 1],
    [{ ids: ['x'], ratePerSecond: 0 }, '/ratePerSecond', 1],
    [{ ids: ['x'], ratePerSecond: 10_001 }, '/ratePerSecond', 10_000],
    [{ filter: { chanel: 'fcm' } }, '/filter/chanel', undefined],
    [{ filter: {}, dryRun: 'yes' }, '/dryRun', undefined],
  ])('refuse to be redriven by %j', async (body, field, limit) => {
    const answer = await redrive(body);
    expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed', field });
    expect(answer.json.limit).toBe(limit);
  });
});

describe('unreadable jobs', () => {
  it('are shown to administrators of their tenant, page by page', async () => {
    const jobs = [1, 2, 3].map((offset) => ({
      id: `unreadable-${offset}`,
      tenant: offset === 2 ? 'other' : 'default',
      logTopic: 'jobs.bulk',
      partition: 0,
      offset: String(offset),
      reason: 'not-json',
      raw: Buffer.from('{{{'),
      sha256: 'ab',
    }));
    for (const job of jobs) await api.store.putUnreadableJobs([job]);
    const whole = await api.call('GET', '/v1/unreadable-jobs', { as: key });
    expect(whole.json.items).toHaveLength(2);
    expect(whole.json.items).toContainEqual({
      id: 'unreadable-1',
      logTopic: 'jobs.bulk',
      partition: 0,
      offset: '1',
      reason: 'not-json',
      raw: Buffer.from('{{{').toString('base64'),
      sha256: 'ab',
    });
    const offsets: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page = await api.call('GET', `/v1/unreadable-jobs?limit=1&cursor=${cursor}`, { as: key });
      offsets.push(...page.json.items.map((job: { offset: string }) => job.offset));
      cursor = page.json.next;
    }
    expect(offsets.toSorted()).toEqual(['1', '3']);
  });
});

describe('topics', () => {
  const path = '/v1/topics/news/subscribers';

  it('have subscribers', async () => {
    const added = await api.call('PUT', path, { as: key, body: { users: ['ann', 'ben', 'ann', 'cid'] } });
    expect([added.status, added.json]).toEqual([200, { added: 3 }]);
    expect((await api.call('PUT', path, { as: key, body: { users: ['ben', 'dan'] } })).json).toEqual({ added: 1 });
    const first = await api.call('GET', `${path}?limit=3`, { as: key });
    expect(first.json.items).toEqual([{ user: 'ann' }, { user: 'ben' }, { user: 'cid' }]);
    const second = await api.call('GET', `${path}?limit=3&cursor=${first.json.next}`, { as: key });
    expect(second.json).toEqual({ items: [{ user: 'dan' }] });
    expect((await api.call('DELETE', `${path}/ben`, { as: key })).status).toBe(204);
    expect((await api.call('DELETE', `${path}/ben`, { as: key })).json).toMatchObject({
      status: 404,
      field: 'path:user',
    });
    expect((await api.call('GET', '/v1/topics/unknown/subscribers', { as: key })).json).toEqual({ items: [] });
  });

  it('refuse bad users, lists and cursors', async () => {
    const many = Array.from({ length: 1_001 }, (_, user) => `u${user}`);
    for (const [users, field, limit] of [
      [[], '/users', 1],
      [many, '/users', 1_000],
      [['x'.repeat(129)], '/users/0', 128],
    ] as const) {
      const answer = await api.call('PUT', path, { as: key, body: { users } });
      expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed', field, limit });
    }
    const cursor = await api.call('GET', `${path}?cursor=x`, { as: key });
    expect(cursor.json).toMatchObject({ status: 400, code: 'cursor_invalid', field: 'query:cursor' });
  });
});
