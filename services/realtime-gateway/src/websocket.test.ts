import { describe, expect, it, vi } from 'vitest';
import { alice, bob, PAGE, SOON, testNotification, userToken } from './gateway.fixture.ts';
import { openLiveClient } from './live-client.fixture.ts';
import { useGateways } from './use-gateways.fixture.ts';

const start = useGateways();
const bearer = (user: string) => ({ headers: { authorization: `Bearer ${userToken(user)}` } });

describe('a WebSocket connection', () => {
  it('says hello first, then brings what is published', async () => {
    const gateway = await start();
    gateway.publish(alice, testNotification('before'));
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    const whose = { tenant: 'default', user: 'alice' };
    const expected = { type: 'hello', cursor: 'e1:1', recovered: true, ...whose, heartbeatMs: 25_000 };
    expect(await client.hello()).toEqual(expected);
    const notification = testNotification('now', { body: 'text', data: { n: 1 } });
    gateway.publish(alice, notification);
    gateway.publish(bob, testNotification('for another'));
    await client.receives(['now']);
    expect(client.frames[1]).toMatchObject({
      type: 'notification',
      cursor: 'e1:2',
      notification: { id: notification.id, title: 'now', body: 'text', data: { n: 1 }, priority: 'normal' },
    });
  });

  it('brings what comes without a frame, and heals what was lost, at the next heartbeat', async () => {
    const gateway = await start({ heartbeatMs: 200 });
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    gateway.publish(alice, testNotification('one'), 'lost');
    gateway.publish(alice, testNotification('two'), 'bare');
    await client.receives(['one', 'two']);
    gateway.publish(alice, testNotification('three'), 'lost');
    await client.receives(['one', 'two', 'three']);
    const metric = await gateway.metrics.healedHints.get();
    expect(metric.values[0]?.value).toBe(1);
  });

  it('resumes after a cursor without gap or repetition, across pages, while more is published', async () => {
    const gateway = await start({ replayPage: 7 });
    const titles = Array.from({ length: 50 }, (_, index) => `n${index + 1}`);
    for (const title of titles.slice(0, 40)) gateway.publish(alice, testNotification(title));
    const client = openLiveClient(`${gateway.webSocketUrl}?cursor=${gateway.cursor(3)}`, bearer('alice'));
    for (const title of titles.slice(40, 45)) gateway.publish(alice, testNotification(title));
    expect(await client.hello()).toMatchObject({ cursor: 'e1:3', recovered: true });
    for (const title of titles.slice(45)) gateway.publish(alice, testNotification(title));
    await client.receives(titles.slice(3));
  });

  it('takes an empty cursor, in the URL or in the first frame, for an absent one', async () => {
    const gateway = await start();
    gateway.publish(alice, testNotification('before'));
    const live = { cursor: gateway.cursor(1), recovered: true };
    expect(await openLiveClient(`${gateway.webSocketUrl}?cursor=`, bearer('alice')).hello()).toMatchObject(live);
    const client = openLiveClient(`${gateway.webSocketUrl}?ticket=`);
    await client.opened();
    client.send({ type: 'authenticate', token: userToken('alice'), cursor: '' });
    expect(await client.hello()).toMatchObject(live);
  });

  it('passes over what is invisible or has expired', async () => {
    const gateway = await start();
    gateway.streams.append(alice, testNotification('push only'), false);
    gateway.publish(alice, testNotification('expired', { expiresAtMs: Date.now() - 1 }));
    gateway.publish(alice, testNotification('seen'));
    gateway.streams.append(alice, testNotification('cancelled'), false);
    const client = openLiveClient(`${gateway.webSocketUrl}?cursor=${gateway.cursor(0)}`, bearer('alice'));
    await client.receives(['seen']);
    gateway.publish(alice, testNotification('next'));
    await client.receives(['seen', 'next']);
    expect(client.cursors()).toEqual(['e1:3', 'e1:5']);
  });

  it.each([
    ['of another epoch', 'e0:1'],
    ['beyond the head', 'e1:9'],
    ['older than history', 'e1:0'],
    ['that is not one', 'nonsense'],
  ])('says so plainly when it cannot resume from a cursor %s', async (_what, cursor) => {
    const gateway = await start();
    for (const title of ['a', 'b', 'c']) gateway.publish(alice, testNotification(title));
    gateway.streams.forget(alice, 2);
    const client = openLiveClient(`${gateway.webSocketUrl}?cursor=${cursor}`, bearer('alice'));
    expect(await client.hello()).toMatchObject({ cursor: 'e1:3', recovered: false });
    gateway.publish(alice, testNotification('d'));
    await client.receives(['d']);
  });

  it('sends every connection away when the history was lost under it', async () => {
    const gateway = await start({ heartbeatMs: 100 });
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    gateway.streams.setEpoch('e2');
    expect(await client.closedWith()).toEqual({ code: 1012, reason: 'restart' });
  });

  it('writes acknowledgements and reads to the store, and marks sent once for all sockets of a user', async () => {
    const gateway = await start();
    const first = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    const second = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await Promise.all([first.hello(), second.hello()]);
    const [shown, notification] = [testNotification('shown'), testNotification('acked')];
    for (const each of [shown, notification]) gateway.publish(alice, each);
    await Promise.all([first.receives(['shown', 'acked']), second.receives(['shown', 'acked'])]);
    first.send({ type: 'ack', ids: [notification.id] });
    second.send({ type: 'read', ids: [notification.id, 'other'] });
    await vi.waitFor(() => {
      expect(gateway.marks.acknowledged).toEqual([{ ...alice, notificationIds: [notification.id] }]);
      expect(gateway.marks.read).toEqual([{ ...alice, notificationIds: [notification.id, 'other'] }]);
      expect(gateway.marks.sent.length).toBeGreaterThan(0);
    }, SOON);
    // What was acknowledged at once is not written as sent first.
    const sent = gateway.marks.sent.flatMap(({ notificationIds }) => notificationIds);
    expect(sent.filter((id) => id === shown.id)).toHaveLength(1);
  });

  it('answers a ping frame', async () => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    client.send({ type: 'ping' });
    await vi.waitFor(() => expect(client.frames).toContainEqual({ type: 'pong' }), SOON);
  });

  it('outlives an outage of the store, and new ones are told to wait', async () => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await client.hello();
    gateway.streams.setDown(true);
    gateway.publish(alice, testNotification('one'), 'bare');
    const late = openLiveClient(gateway.webSocketUrl, bearer('bob'));
    expect(await late.refusedWith()).toBe(503);
    gateway.streams.setDown(false);
    await client.receives(['one']);
  });
});

describe('who may connect', () => {
  it('takes a ticket once', async () => {
    const gateway = await start();
    const url = `${gateway.webSocketUrl}?ticket=${gateway.ticket(alice)}`;
    await openLiveClient(url).hello();
    expect(await openLiveClient(url).refusedWith()).toBe(401);
  });

  it('takes a token or a ticket, with a cursor, in the first frame', async () => {
    const gateway = await start();
    gateway.publish(alice, testNotification('missed'));
    const byTicket = openLiveClient(gateway.webSocketUrl);
    await byTicket.opened();
    byTicket.send({ type: 'authenticate', ticket: gateway.ticket(alice), cursor: gateway.cursor(0) });
    await byTicket.receives(['missed']);
    const byToken = openLiveClient(gateway.webSocketUrl);
    await byToken.opened();
    byToken.send({ type: 'authenticate', token: userToken('alice') });
    expect(await byToken.hello()).toMatchObject({ cursor: 'e1:1' });
  });

  it('closes who says nothing, or something else, or something wrong', async () => {
    const gateway = await start({ authenticationTimeoutMs: 100 });
    const silent = openLiveClient(gateway.webSocketUrl);
    expect(await silent.closedWith()).toEqual({ code: 4502, reason: 'authentication-timeout' });
    const other = openLiveClient(gateway.webSocketUrl);
    await other.opened();
    other.send({ type: 'ping' });
    expect(await other.closedWith()).toMatchObject({ code: 4503 });
    const wrong = openLiveClient(gateway.webSocketUrl);
    await wrong.opened();
    wrong.send({ type: 'authenticate', token: `${userToken('alice')}x` });
    expect(await wrong.closedWith()).toEqual({ code: 4501, reason: 'unauthenticated' });
  });

  it('refuses a page that is not listed before it uses up the ticket', async () => {
    const gateway = await start();
    const url = `${gateway.webSocketUrl}?ticket=${gateway.ticket(alice)}`;
    for (const origin of ['https://app.example.evil.test', 'http://app.example', 'null']) {
      expect(await openLiveClient(url, { origin }).refusedWith()).toBe(403);
    }
    await openLiveClient(url, { origin: PAGE }).hello();
  });

  it('refuses expired and forged tokens, a token in the query, and other paths', async () => {
    const gateway = await start();
    const expired = openLiveClient(gateway.webSocketUrl, {
      headers: { authorization: `Bearer ${userToken('alice', -60)}` },
    });
    expect(await expired.refusedWith()).toBe(401);
    const inQuery = openLiveClient(`${gateway.webSocketUrl}?access_token=${userToken('alice')}`);
    await inQuery.opened();
    expect(inQuery.frames).toEqual([]);
    expect(await openLiveClient(`${gateway.webSocketUrl}/more`, bearer('alice')).refusedWith()).toBe(404);
  });

  it('ends a connection whose token has run out', async () => {
    const gateway = await start();
    const client = openLiveClient(gateway.webSocketUrl, {
      headers: { authorization: `Bearer ${userToken('alice', 1)}` },
    });
    await client.hello();
    expect(await client.closedWith()).toEqual({ code: 4403, reason: 'credential-expired' });
  });

  it('limits the connections of a user and of the process', async () => {
    const gateway = await start({ connectionsPerUser: 2, connections: 3 });
    const first = openLiveClient(gateway.webSocketUrl, bearer('alice'));
    await first.hello();
    await openLiveClient(gateway.webSocketUrl, bearer('alice')).hello();
    expect(await openLiveClient(gateway.webSocketUrl, bearer('alice')).refusedWith()).toBe(503);
    await openLiveClient(gateway.webSocketUrl, bearer('bob')).hello();
    expect(await openLiveClient(gateway.webSocketUrl, bearer('carol')).refusedWith()).toBe(503);
    first.close();
    await first.closedWith();
    await vi.waitFor(async () => {
      const next = openLiveClient(gateway.webSocketUrl, bearer('carol'));
      await vi.waitFor(() => expect(next.frames.length).toBe(1), { timeout: 200 });
    }, SOON);
  });
});
