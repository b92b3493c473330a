import { UnavailableError } from '@belfry/core/unavailable-error';
import { LIMITS } from '@belfry/protocol/limits';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startApi, type TestApi, userToken } from './api.fixture.ts';
import { createPipeline, type Pipeline } from './pipeline.fixture.ts';

const NOTIFICATION = { to: { users: ['alice'] }, type: 'invoice.ready', title: 'Your invoice is ready' };

let api: TestApi;
let pipeline: Pipeline;
let key: string;

beforeAll(async () => {
  api = await startApi();
  pipeline = createPipeline(api.store);
  key = await api.apiKey('default');
});
afterAll(() => api.stop());
afterEach(() => api.breakLog(undefined));

function post(body: unknown, headers: Record<string, string> = {}) {
  return api.call('POST', '/v1/notifications', { as: key, body, headers });
}

function jobsOf(id: string) {
  return api.appended.filter(
    ({ logTopic, record }) => logTopic.startsWith('jobs.') && Buffer.from(record.value).includes(`"${id}"`),
  );
}

describe('POST /v1/notifications', () => {
  it('answers 202 once the jobs are durable', async () => {
    const answer = await post({ ...NOTIFICATION, to: { users: ['alice', 'bob', 'alice'] } });
    expect(answer.status).toBe(202);
    expect(answer.json).toEqual({ id: expect.stringMatching(/^[\da-f-]{36}$/), status: 'accepted' });
    expect(jobsOf(answer.json.id).map(({ record }) => record.key)).toEqual(['default/alice', 'default/bob']);
    await vi.waitFor(
      () => {
        const receipts = api.appended.filter(({ logTopic }) => logTopic === 'receipts');
        const facts = receipts.map(({ record }) => JSON.parse(Buffer.from(record.value).toString()));
        expect(facts).toContainEqual(expect.objectContaining({ notificationId: answer.json.id, state: 'accepted' }));
      },
      { timeout: 10_000 },
    );
  });

  it('takes an audience as one job', async () => {
    for (const to of [{ topic: 'news' }, { everyone: true }]) {
      const { json } = await post({ ...NOTIFICATION, to });
      expect(jobsOf(json.id)).toHaveLength(1);
    }
  });

  it('replays an id of the producer with the same body, and refuses another body', async () => {
    const own = { ...NOTIFICATION, id: 'invoice-4711' };
    expect((await post(own)).json).toEqual({ id: 'invoice-4711', status: 'accepted' });
    expect((await post(own)).json).toEqual({ id: 'invoice-4711', status: 'accepted' });
    expect(jobsOf('invoice-4711')).toHaveLength(1);
    const other = await post({ ...own, title: 'Another' });
    expect(other.status).toBe(409);
    expect(other.json).toMatchObject({ code: 'notification_conflict', field: '/id' });
  });

  it('answers 409 with Retry-After while the same id is being accepted', async () => {
    const held = Promise.withResolvers<never>();
    held.promise.catch(() => undefined);
    const started = Promise.withResolvers<void>();
    api.breakLog(() => {
      started.resolve();
      return held.promise;
    });
    const own = { ...NOTIFICATION, id: 'in-progress' };
    const first = post(own);
    await started.promise;
    const second = await post(own);
    expect(second.status).toBe(409);
    expect(second.json.code).toBe('request_in_progress');
    expect(Number(second.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    held.reject(new UnavailableError('log-unavailable', 'away'));
    expect((await first).status).toBe(503);
  });

  it.each([
    ['log-unavailable', 503, 'log_unavailable'],
    ['log-full', 507, 'log_full'],
  ] as const)('answers %s with Retry-After', async (code, status, problem) => {
    api.breakLog(() => Promise.reject(new UnavailableError(code, 'away')));
    const answer = await post(NOTIFICATION);
    expect(answer.status).toBe(status);
    expect(answer.json.code).toBe(problem);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('answers 503 when the log takes too long', async () => {
    api.breakLog(() => new Promise<never>(() => undefined));
    expect((await post(NOTIFICATION)).json).toMatchObject({ status: 503, code: 'log_unavailable' });
  });

  it.each<[string, object, string, number | string | undefined]>([
    ['no audience', { to: undefined }, '/to', undefined],
    ['no users', { to: { users: [] } }, '/to/users', 1],
    [
      'too many users',
      { to: { users: Array.from({ length: 1_001 }, (_, user) => `u${user}`) } },
      '/to/users',
      LIMITS.usersPerRequest,
    ],
    ['a user that is too long', { to: { users: ['ok', 'x'.repeat(129)] } }, '/to/users/1', LIMITS.userLength],
    ['a user with a slash', { to: { users: ['a/b'] } }, '/to/users/0', undefined],
    ['no title', { title: undefined }, '/title', undefined],
    ['an empty title', { title: '' }, '/title', 1],
    ['a long title', { title: 'x'.repeat(257) }, '/title', LIMITS.titleLength],
    ['a long body', { body: 'x'.repeat(4_097) }, '/body', LIMITS.bodyLength],
    ['an unknown channel', { channels: ['pigeon'] }, '/channels/0', 'realtime, webpush, fcm'],
    ['no channel', { channels: [] }, '/channels', 1],
    ['an unknown priority', { priority: 'urgent' }, '/priority', 'low, normal, high'],
    ['a time to live of zero', { ttlSeconds: 0 }, '/ttlSeconds', 1],
    ['a long time to live', { ttlSeconds: 2_419_201 }, '/ttlSeconds', LIMITS.ttlSecondsMax],
    ['a long id', { id: 'x'.repeat(129) }, '/id', LIMITS.idLength],
    ['a misspelt member', { titel: 'x' }, '/titel', undefined],
    ['data that is no object', { data: 'x' }, '/data', undefined],
    ['deep data', { data: { a: JSON.parse('['.repeat(63) + ']'.repeat(63)) } }, '', 64],
  ])('refuses %s, naming field and limit', async (_name, change, field, limit) => {
    const answer = await post({ ...NOTIFICATION, ...change });
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed', field });
    expect(answer.json.limit).toBe(limit);
  });

  it('does not overflow on data that is nested as deep as a body allows', async () => {
    const levels = LIMITS.bodyBytes / 2 - 200;
    const data = `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const answer = await post(`{"to":{"users":["alice"]},"type":"t","title":"T","data":${data}}`);
    expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed', limit: 64 });
  });

  it('refuses a notification above 16 KiB', async () => {
    const answer = await post({ ...NOTIFICATION, data: { text: 'x'.repeat(LIMITS.notificationBytes) } });
    expect(answer.json).toMatchObject({ status: 413, code: 'notification_too_large', limit: LIMITS.notificationBytes });
  });

  it('refuses a body above the limit, another content type and what is no JSON', async () => {
    const large = await post({ ...NOTIFICATION, data: { text: 'x'.repeat(LIMITS.bodyBytes) } });
    expect(large.json).toMatchObject({ status: 413, code: 'body_too_large', limit: LIMITS.bodyBytes });
    const xml = await post('<title/>', { 'content-type': 'application/xml' });
    expect(xml.json).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    const ndjson = await post(JSON.stringify(NOTIFICATION), { 'content-type': 'application/x-ndjson' });
    expect(ndjson.json).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    expect((await post('{"to":')).json).toMatchObject({ status: 400, code: 'invalid_json' });
    expect((await post('')).json).toMatchObject({ status: 400, code: 'invalid_json' });
  });
});

describe('GET /v1/notifications/{id}', () => {
  it('shows deliveries and attempts, page by page', async () => {
    const user = { tenant: 'default', user: 'carol' };
    for (const token of ['t1', 't2']) {
      await api.store.registerDevice(user, `device-${token}`, { channel: 'fcm', address: { token } });
    }
    const [ref] = await pipeline.route('default', 'carol', { id: 'ledger', title: 'Look', ttlSeconds: 60 } as object);
    if (ref === undefined) throw new Error('no delivery');
    await pipeline.kill(ref);

    const whole = await api.call('GET', '/v1/notifications/ledger', { as: key });
    expect(whole.status).toBe(200);
    expect(whole.json).toMatchObject({
      id: 'ledger',
      status: 'routed',
      type: 'test',
      title: 'Look',
      priority: 'normal',
      counts: { stored: 1, queued: 1, 'dead-lettered': 1 },
    });
    expect(whole.json.next).toBeUndefined();
    const dead = whole.json.deliveries.find((delivery: { id: string }) => delivery.id === ref.deliveryId);
    expect(dead).toMatchObject({
      recipient: 'carol',
      channel: 'fcm',
      status: 'dead-lettered',
      reason: 'unauthorized',
      attempts: [
        {
          outcome: 'rejected',
          code: '403',
          reason: 'unauthorized',
          number: 1,
          redrive: 0,
          durationMs: 12,
          host: 'push.example',
        },
      ],
    });
    expect(Number.isNaN(Date.parse(dead.attempts[0].at))).toBe(false);

    const ids: string[] = [];
    let cursor: string | undefined = '';
    while (cursor !== undefined) {
      const page = await api.call('GET', `/v1/notifications/ledger?limit=1&cursor=${cursor}`, { as: key });
      expect(page.json.deliveries).toHaveLength(1);
      ids.push(page.json.deliveries[0].id);
      cursor = page.json.next;
    }
    expect(ids).toEqual(whole.json.deliveries.map((delivery: { id: string }) => delivery.id));
  });

  it('refuses a bad cursor and a bad limit, and knows no other ids', async () => {
    const cursor = await api.call('GET', '/v1/notifications/ledger?cursor=nonsense', { as: key });
    expect(cursor.json).toMatchObject({ status: 400, code: 'cursor_invalid', field: 'query:cursor' });
    const limit = await api.call('GET', '/v1/notifications/ledger?limit=201', { as: key });
    expect(limit.json).toMatchObject({ status: 400, code: 'validation_failed', field: 'query:limit', limit: 200 });
    const unknown = await api.call('GET', '/v1/notifications/nobody-sent-it', { as: key });
    expect(unknown.json).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('DELETE /v1/notifications/{id}', () => {
  it('cancels what was not sent, tells the feed, and may be repeated', async () => {
    await pipeline.route('default', 'carol', { id: 'to-cancel' });
    const first = await api.call('DELETE', '/v1/notifications/to-cancel', { as: key });
    expect(first.json).toEqual({ cancelled: 3, alreadySent: 0 });
    expect((await api.call('DELETE', '/v1/notifications/to-cancel', { as: key })).json).toEqual(first.json);
    const after = await api.call('GET', '/v1/notifications/to-cancel', { as: key });
    expect(after.json).toMatchObject({ status: 'cancelled', counts: { cancelled: 3 } });
    await vi.waitFor(
      () => {
        const receipts = api.appended.filter(({ logTopic }) => logTopic === 'receipts');
        expect(receipts.some(({ record }) => Buffer.from(record.value).includes('"state":"cancelled"'))).toBe(true);
      },
      { timeout: 10_000 },
    );
  });

  it('answers 404 for an unknown one, and a user token may not', async () => {
    expect((await api.call('DELETE', '/v1/notifications/nobody-sent-it', { as: key })).status).toBe(404);
    const byUser = await api.call('DELETE', '/v1/notifications/to-cancel', { as: userToken('carol') });
    expect(byUser.json).toMatchObject({ status: 403, code: 'forbidden' });
  });
});
