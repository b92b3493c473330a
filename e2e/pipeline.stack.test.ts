import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi, type LedgerAnswer } from './harness/api.ts';
import { type Belfry, launchBelfry } from './harness/launch-belfry.ts';
import { openEventSource, openWebSocket } from './harness/live-client.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { waitUntil } from './harness/wait-until.ts';

let providers: Providers;
let belfry: Belfry;
let api: Api;

beforeAll(async () => {
  providers = await startProviders();
  belfry = await launchBelfry({ env: { ...providers.env, BELFRY_RETRY_WEBPUSH: '50ms,100ms' } });
  api = createApi(belfry.url);
});

afterAll(async () => {
  await belfry?.stop();
  await providers?.stop();
});

const send = async (user: string, extra: Record<string, unknown> = {}): Promise<string> => {
  const { status, body } = await api.post<{ id: string }>('/v1/notifications', {
    to: { users: [user] },
    type: 'test',
    title: `For ${user}`,
    ...extra,
  });
  expect(status).toBe(202);
  return body.id;
};

const addWebPushDevice = async (user: string): Promise<string> => {
  const { body } = await api.get<{ publicKey: string }>('/v1/webpush/public-key');
  const subscription = providers.simulator.webpush.subscribe(body.publicKey);
  const { status } = await api.post(`/v1/users/${user}/devices`, { channel: 'webpush', subscription });
  expect(status).toBe(201);
  return subscription.endpoint;
};

const ledgerWith = (id: string, channel: string, status: string) =>
  waitUntil(
    async () => {
      const { body } = await api.get<LedgerAnswer>(`/v1/notifications/${id}`);
      const found = body.deliveries.find((delivery) => delivery.channel === channel);
      return found?.status === status ? found : undefined;
    },
    { what: `${channel} ${status}` },
  );

describe('the way of a notification', () => {
  it('reaches a WebSocket, and the acknowledgement reaches the ledger', async () => {
    const client = await openWebSocket(belfry.url, 'ann');
    const id = await send('ann');
    await waitUntil(() => client.received.some((each) => each.id === id));
    await ledgerWith(id, 'realtime', 'sent');
    client.ack([id]);
    await ledgerWith(id, 'realtime', 'delivered');
    client.close();
  });

  it('reaches an EventSource that connected with a ticket', async () => {
    const { body } = await api.post<{ ticket: string }>('/v1/connection-tickets', { user: 'bea' });
    const client = await openEventSource(belfry.url, body.ticket);
    const id = await send('bea');
    await waitUntil(() => client.received.some((each) => each.id === id));
    client.close();
  });

  it('is waiting for a client that comes back with its cursor', async () => {
    const first = await openWebSocket(belfry.url, 'cay');
    first.close();
    await first.closed;
    const ids = [await send('cay'), await send('cay')];
    const second = await openWebSocket(belfry.url, 'cay', first.hello.cursor);
    expect(second.hello.recovered).toBe(true);
    await waitUntil(() => second.received.length === 2);
    expect(second.received.map((each) => each.id)).toEqual(ids);
    second.close();
  });

  it('reaches a Web Push device, decrypted there', async () => {
    const endpoint = await addWebPushDevice('dan');
    const id = await send('dan', { body: 'with a body', data: { order: 7 } });
    const delivery = await ledgerWith(id, 'webpush', 'delivered');
    expect(delivery.attempts).toMatchObject([{ outcome: 'delivered', code: '201' }]);
    const { webpush } = providers.simulator;
    const received = webpush.recorder.received(webpush.targetOf(endpoint));
    expect(received).toHaveLength(1);
    expect(JSON.parse(received[0]?.payload ?? '')).toMatchObject({ id, title: 'For dan', body: 'with a body' });
  });

  it('reaches an FCM registration', async () => {
    const target = providers.simulator.fcm.createTarget({});
    if (!target.ok) throw new Error(target.detail);
    await api.post('/v1/users/eve/devices', { channel: 'fcm', token: target.target });
    const id = await send('eve');
    await ledgerWith(id, 'fcm', 'delivered');
    expect(providers.simulator.fcm.recorder.received(target.target)).toHaveLength(1);
  });

  it('is tried again after a failure, and never early', async () => {
    const endpoint = await addWebPushDevice('fay');
    providers.simulator.webpush.script.set(providers.simulator.webpush.targetOf(endpoint), [
      { kind: 'status', status: 503 },
    ]);
    const id = await send('fay');
    const delivery = await ledgerWith(id, 'webpush', 'delivered');
    expect(delivery.attempts.map((attempt) => attempt.outcome)).toEqual(['retry', 'delivered']);
    const [first, second] = delivery.attempts.map((attempt) => Date.parse(attempt.at));
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThanOrEqual(50);
  });

  it('is dead-lettered with all its attempts, and arrives once when it is redriven', async () => {
    const endpoint = await addWebPushDevice('gus');
    const { webpush } = providers.simulator;
    const target = webpush.targetOf(endpoint);
    webpush.script.set(target, [{ kind: 'status', status: 500, times: 3 }]);
    const id = await send('gus');
    await ledgerWith(id, 'webpush', 'dead-lettered');
    type Letters = { items: { id: string; notificationId: string; attempts: unknown[] }[] };
    const letters = await api.get<Letters>('/v1/dead-letters?channel=webpush');
    const letter = letters.body.items.find((each) => each.notificationId === id);
    expect(letter?.attempts).toHaveLength(3);
    expect(webpush.recorder.received(target)).toHaveLength(0);

    const redrive = await api.post('/v1/dead-letters/redrive', { ids: [letter?.id] });
    expect(redrive).toMatchObject({ status: 202, body: { matched: 1, skipped: 0, redriven: 1 } });
    await ledgerWith(id, 'webpush', 'delivered');
    expect(webpush.recorder.received(target)).toHaveLength(1);
  });

  it('is not sent any more once it is cancelled', async () => {
    const endpoint = await addWebPushDevice('hal');
    const { webpush } = providers.simulator;
    const target = webpush.targetOf(endpoint);
    webpush.script.set(target, [{ kind: 'status', status: 503, retryAfter: 2 }]);
    const id = await send('hal');
    await ledgerWith(id, 'webpush', 'retrying');
    const { body } = await api.delete(`/v1/notifications/${id}`);
    expect(body).toMatchObject({ cancelled: 2, alreadySent: 0 });
    await ledgerWith(id, 'webpush', 'cancelled');
    expect(webpush.recorder.received(target)).toHaveLength(0);
  });

  it('loses a device that the push service calls gone', async () => {
    const endpoint = await addWebPushDevice('ivy');
    const { webpush } = providers.simulator;
    webpush.script.set(webpush.targetOf(endpoint), [{ kind: 'status', status: 410 }]);
    const id = await send('ivy');
    await ledgerWith(id, 'webpush', 'dead-lettered');
    const { body } = await api.get<{ items: unknown[] }>('/v1/users/ivy/devices');
    expect(body.items).toEqual([]);
  });

  it('says why nothing went to somebody without a device', async () => {
    const id = await send('joe', { channels: ['webpush'] });
    const delivery = await ledgerWith(id, 'webpush', 'skipped');
    expect(delivery).toMatchObject({ recipient: 'joe', device: '', reason: 'no-device', attempts: [] });
  });

  it('reaches the subscribers of a topic, and everyone', async () => {
    const put = await fetch(`${belfry.url}/v1/topics/news/subscribers`, {
      method: 'PUT',
      headers: {
        authorization: 'Bearer bk_e2e_0123456789abcdefghijklmnopqrstuvwxyz',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ users: ['kim', 'lea'] }),
    });
    expect(put.status).toBeLessThan(300);
    const { body } = await api.post<{ id: string }>('/v1/notifications', {
      to: { topic: 'news' },
      type: 't',
      title: 'News',
    });
    const all = await api.post<{ id: string }>('/v1/notifications', {
      to: { everyone: true },
      type: 't',
      title: 'All',
    });
    for (const user of ['kim', 'lea']) {
      await waitUntil(async () => {
        const inbox = await api.get<{ items: { id: string }[] }>(`/v1/users/${user}/inbox`);
        const ids = inbox.body.items.map((item) => item.id);
        return ids.includes(body.id) && ids.includes(all.body.id);
      });
    }
  });
});
