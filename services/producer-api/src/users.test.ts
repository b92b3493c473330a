import { createAckTokens, hashSecret } from '@belfry/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COOKIE_SECRET, startApi, type TestApi, userToken } from './api.fixture.ts';
import { createPipeline, type Pipeline } from './pipeline.fixture.ts';

const SUBSCRIPTION = {
  endpoint: 'https://push.example/abc',
  expirationTime: null,
  keys: { p256dh: 'BPoint', auth: 'secret' },
};

let api: TestApi;
let pipeline: Pipeline;
let key: string;

beforeAll(async () => {
  api = await startApi();
  pipeline = createPipeline(api.store);
  key = await api.apiKey('default');
});
afterAll(() => api.stop());

describe('devices', () => {
  it('registers, refreshes, lists and removes', async () => {
    const path = '/v1/users/alice/devices';
    const body = { channel: 'webpush', subscription: SUBSCRIPTION };
    const created = await api.call('POST', path, { as: key, body });
    expect(created.status).toBe(201);
    const again = await api.call('POST', path, { as: userToken('alice'), body });
    expect([again.status, again.json]).toEqual([200, created.json]);
    const fcm = await api.call('POST', path, { as: userToken('alice'), body: { channel: 'fcm', token: 'token-1' } });
    expect(fcm.status).toBe(201);

    const list = await api.call('GET', path, { as: userToken('alice') });
    expect(list.json.items).toHaveLength(2);
    expect(list.json.items).toContainEqual({
      id: created.json.id,
      channel: 'webpush',
      status: 'active',
      host: 'push.example',
      createdAt: expect.any(String),
    });
    expect(list.json.items).toContainEqual(expect.objectContaining({ id: fcm.json.id, channel: 'fcm', host: 'fcm' }));
    for (const secret of ['abc', 'BPoint', 'secret', 'token-1']) expect(list.text).not.toContain(secret);

    const removal = await api.call('DELETE', `${path}/${created.json.id}`, { as: userToken('alice') });
    expect([removal.status, removal.text]).toEqual([204, '']);
    const repeated = await api.call('DELETE', `${path}/${created.json.id}`, { as: key });
    expect(repeated.json).toMatchObject({ status: 404, code: 'not_found', field: 'path:id' });
  });

  it('never takes an address over from another user', async () => {
    const body = { channel: 'fcm', token: 'shared-phone' };
    expect((await api.call('POST', '/v1/users/bob/devices', { as: key, body })).status).toBe(201);
    const answer = await api.call('POST', '/v1/users/mallory/devices', { as: userToken('mallory'), body });
    expect(answer.json).toMatchObject({ status: 409, code: 'device_owned_by_another_user' });
  });

  it('has a limit per user', async () => {
    const user = { tenant: 'default', user: 'collector' };
    for (let made = 0; made < 100; made++) {
      await api.store.registerDevice(user, `c${made}`, { channel: 'fcm', address: { token: `c${made}` } });
    }
    const body = { channel: 'fcm', token: 'one-more' };
    const answer = await api.call('POST', '/v1/users/collector/devices', { as: key, body });
    expect(answer.json).toMatchObject({ status: 409, code: 'too_many_devices', limit: 100 });
  });

  it.each([
    [
      { channel: 'webpush', subscription: { ...SUBSCRIPTION, endpoint: 'https://evil.example/x' } },
      '/subscription/endpoint',
    ],
    [{ channel: 'webpush', subscription: { endpoint: SUBSCRIPTION.endpoint } }, '/subscription/keys'],
    [{ channel: 'webpush' }, '/subscription'],
    [{ channel: 'fcm', token: 'with blank' }, '/token'],
    [{ channel: 'fcm', token: '' }, '/token'],
    [{ channel: 'fcm', token: 't', extra: 1 }, '/extra'],
    [{ channel: 'realtime' }, '/channel'],
    [{}, '/channel'],
  ])('refuses %j at %s', async (body, field) => {
    const answer = await api.call('POST', '/v1/users/alice/devices', { as: key, body });
    expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed', field });
  });

  it('takes every user name that a notification takes', async () => {
    for (const user of ['a b', 'ä@example.com', 'x?y#z&%', '€'.repeat(128)]) {
      const path = `/v1/users/${encodeURIComponent(user)}/devices`;
      expect((await api.call('GET', path, { as: userToken(user) })).json).toEqual({ items: [] });
    }
    const slash = await api.call('GET', '/v1/users/a%2Fb/devices', { as: key });
    expect(slash.json).toMatchObject({ status: 400, code: 'validation_failed', field: 'path:user' });
  });
});

describe('inbox', () => {
  beforeAll(async () => {
    for (let made = 1; made <= 5; made++) {
      await pipeline.route('default', 'ines', { id: `in-${made}`, title: `T${made}`, data: { made } });
    }
  });

  it('has the newest first, with cursors', async () => {
    const whole = await api.call('GET', '/v1/users/ines/inbox', { as: userToken('ines') });
    expect(whole.json.items.map((item: { id: string }) => item.id)).toEqual(['in-5', 'in-4', 'in-3', 'in-2', 'in-1']);
    expect(whole.json.unread).toBe(5);
    expect(whole.json.next).toBeUndefined();
    expect(whole.json.items[0]).toMatchObject({
      cursor: `${await api.store.epoch()}:5`,
      read: false,
      status: 'stored',
      type: 'test',
      title: 'T5',
      data: { made: 5 },
      priority: 'normal',
    });

    const first = await api.call('GET', '/v1/users/ines/inbox?limit=2', { as: key });
    const second = await api.call('GET', `/v1/users/ines/inbox?limit=2&cursor=${first.json.next}`, { as: key });
    const third = await api.call('GET', `/v1/users/ines/inbox?limit=2&cursor=${second.json.next}`, { as: key });
    const ids = [first, second, third].flatMap(({ json }) => json.items.map((item: { id: string }) => item.id));
    expect(ids).toEqual(['in-5', 'in-4', 'in-3', 'in-2', 'in-1']);
    expect(third.json.next).toBeUndefined();
  });

  it.each(['x', '1', 'otherepoch:3', '%00'])('refuses the cursor %s', async (cursor) => {
    const answer = await api.call('GET', `/v1/users/ines/inbox?cursor=${cursor}`, { as: key });
    expect(answer.json).toMatchObject({ status: 400, code: 'cursor_invalid', field: 'query:cursor' });
  });

  it('marks some as read, then all', async () => {
    const path = '/v1/users/ines/inbox/read';
    const some = await api.call('POST', path, { as: userToken('ines'), body: { ids: ['in-1', 'in-2', 'unknown'] } });
    expect([some.status, some.json]).toEqual([200, { read: 2 }]);
    const again = await api.call('POST', path, { as: key, body: { ids: ['in-1'] } });
    expect(again.json).toEqual({ read: 0 });
    expect((await api.call('POST', path, { as: key, body: { all: true } })).json).toEqual({ read: 3 });
    const { json } = await api.call('GET', '/v1/users/ines/inbox', { as: key });
    expect(json.unread).toBe(0);
    expect(json.items[0]).toMatchObject({ read: true, readAt: expect.any(String), status: 'read' });
  });

  it.each([
    [{}, '/ids', undefined],
    [{ ids: [] }, '/ids', 1],
    [{ ids: Array.from({ length: 1_001 }, (_, id) => `${id}`) }, '/ids', 1_000],
  ])('refuses to read %j', async (body, field, limit) => {
    const answer = await api.call('POST', '/v1/users/ines/inbox/read', { as: key, body });
    expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed', field });
    expect(answer.json.limit).toBe(limit);
  });
});

describe('POST /v1/acks', () => {
  it('acknowledges for the user of the token, or the one that an API key names', async () => {
    await pipeline.route('default', 'ada', { id: 'ack-1' });
    await pipeline.route('default', 'ada', { id: 'ack-2' });
    const byUser = await api.call('POST', '/v1/acks', { as: userToken('ada'), body: { ids: ['ack-1', 'ack-1'] } });
    expect([byUser.status, byUser.json]).toEqual([200, { acknowledged: 1 }]);
    const byKey = await api.call('POST', '/v1/acks', { as: key, body: { ids: ['ack-2'], user: 'ada' } });
    expect(byKey.json).toEqual({ acknowledged: 1 });
    const { json } = await api.call('GET', '/v1/users/ada/inbox', { as: key });
    expect(json.items.map((item: { status: string }) => item.status)).toEqual(['delivered', 'delivered']);
  });

  it('takes the token that an event stream gave, for its user alone and as long as the stream may last', async () => {
    await pipeline.route('default', 'amy', { id: 'ack-3' });
    const tokens = createAckTokens(COOKIE_SECRET);
    const amy = { tenant: 'default', user: 'amy', expiresAtMs: Date.now() + 60_000 };
    const as = tokens.issue(amy);
    const named = await api.call('POST', '/v1/acks', { as, body: { ids: ['ack-3'], user: 'ada' } });
    expect(named.json).toMatchObject({ status: 403, code: 'forbidden', field: '/user' });
    const answer = await api.call('POST', '/v1/acks', { as, body: { ids: ['ack-3'] } });
    expect([answer.status, answer.json]).toEqual([200, { acknowledged: 1 }]);
    const { json } = await api.call('GET', '/v1/users/amy/inbox', { as: key });
    expect(json.items[0].status).toBe('delivered');

    const over = tokens.issue({ ...amy, expiresAtMs: Date.now() - 1 });
    for (const bad of [over, createAckTokens('another secret').issue(amy), `${as.slice(0, -2)}AA`]) {
      const refused = await api.call('POST', '/v1/acks', { as: bad, body: { ids: ['ack-3'] } });
      expect(refused.json).toMatchObject({ status: 401, code: 'unauthenticated', field: 'header:Authorization' });
      expect(refused.json.detail).toContain('ack token');
    }
  });

  it('speaks for nobody else', async () => {
    const other = await api.call('POST', '/v1/acks', { as: userToken('eve'), body: { ids: ['ack-1'], user: 'ada' } });
    expect(other.json).toMatchObject({ status: 403, code: 'forbidden', field: '/user' });
    const nobody = await api.call('POST', '/v1/acks', { as: key, body: { ids: ['ack-1'] } });
    expect(nobody.json).toMatchObject({ status: 400, code: 'validation_failed', field: '/user' });
  });
});

describe('POST /v1/connection-tickets', () => {
  it('makes a ticket that is stored by its hash and good for 30 seconds', async () => {
    const { status, json, headers } = await api.call('POST', '/v1/connection-tickets', {
      as: key,
      body: { user: 'tom' },
    });
    expect(status).toBe(201);
    expect(Buffer.from(json.ticket, 'base64url')).toHaveLength(32);
    expect(headers.get('cache-control')).toBe('no-store');
    const leftMs = Date.parse(json.expiresAt) - Date.now();
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(30_000);
    expect(await api.store.consumeTicket(hashSecret(json.ticket))).toMatchObject({ tenant: 'default', user: 'tom' });
    expect(await api.store.consumeTicket(hashSecret(json.ticket))).toBeUndefined();
  });

  it('lets a user have one for themselves only', async () => {
    const own = await api.call('POST', '/v1/connection-tickets', { as: userToken('tom'), body: { user: 'tom' } });
    expect(own.status).toBe(201);
    const other = await api.call('POST', '/v1/connection-tickets', { as: userToken('eve'), body: { user: 'tom' } });
    expect(other.json).toMatchObject({ status: 403, code: 'forbidden' });
  });
});

describe('preferences', () => {
  it('are empty at first and replaced whole', async () => {
    const path = '/v1/users/pia/preferences';
    expect((await api.call('GET', path, { as: userToken('pia') })).json).toEqual({ channels: {}, types: {} });
    const body = { channels: { webpush: false }, types: { 'news.daily': { fcm: false, realtime: true } } };
    const written = await api.call('PUT', path, { as: userToken('pia'), body });
    expect([written.status, written.json]).toEqual([200, body]);
    expect((await api.call('GET', path, { as: key })).json).toEqual(body);
    await api.call('PUT', path, { as: key, body: {} });
    expect((await api.call('GET', path, { as: key })).json).toEqual({ channels: {}, types: {} });
  });

  it.each([
    [{ channels: { pigeon: false } }, '/channels', undefined],
    [{ channels: { fcm: 'no' } }, '/channels/fcm', undefined],
    [{ types: Object.fromEntries(Array.from({ length: 201 }, (_, type) => [`t${type}`, {}])) }, '/types', 200],
    [{ other: 1 }, '/other', undefined],
  ])('refuses %j', async (body, field, limit) => {
    const answer = await api.call('PUT', '/v1/users/pia/preferences', { as: key, body });
    expect(answer.json).toMatchObject({ status: 400, code: 'validation_failed' });
    expect(answer.json.field).toContain(field);
    expect(answer.json.limit).toBe(limit);
  });
});

describe('GET /v1/webpush/public-key', () => {
  it('is open to everyone', async () => {
    const answer = await api.call('GET', '/v1/webpush/public-key');
    expect(answer.json).toEqual({ publicKey: 'BPublicKey', keyId: 'k1' });
  });
});
