import { createBelfryClient } from '@belfry/client';
import { EventSource } from 'eventsource';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi, type LedgerAnswer } from './harness/api.ts';
import { type Belfry, launchBelfry } from './harness/launch-belfry.ts';
import { waitUntil } from './harness/wait-until.ts';

let belfry: Belfry;
let api: Api;

beforeAll(async () => {
  belfry = await launchBelfry();
  api = createApi(belfry.url);
});
afterAll(() => belfry?.stop());

async function send(user: string): Promise<string> {
  const notification = { to: { users: [user] }, channels: ['realtime'], type: 'test', title: 'T' };
  const { status, body } = await api.post<{ id: string }>('/v1/notifications', notification);
  expect(status).toBe(202);
  return body.id;
}

async function ticketFor(user: string): Promise<string> {
  return (await api.post<{ ticket: string }>('/v1/connection-tickets', { user })).body.ticket;
}

const statusOf = async (id: string): Promise<string | undefined> =>
  (await api.get<LedgerAnswer>(`/v1/notifications/${id}`)).body.deliveries[0]?.status;

describe('a page that has tickets only, over server-sent events', () => {
  it('acknowledges with the token that hello brought, for its own user and nothing else', async () => {
    const source = new EventSource(`${belfry.url}/v1/events?ticket=${await ticketFor('ann')}`);
    const received: string[] = [];
    let ackToken = '';
    source.addEventListener('hello', (event) => {
      ({ ackToken } = JSON.parse(event.data));
    });
    source.addEventListener('notification', (event) => received.push(JSON.parse(event.data).notification.id));
    try {
      await waitUntil(() => ackToken !== '');
      const [id, ofAnother] = [await send('ann'), await send('bob')];
      await waitUntil(() => received.includes(id));
      await waitUntil(async () => (await statusOf(id)) === 'sent' && (await statusOf(ofAnother)) === 'stored');
      const page = createApi(belfry.url, ackToken);
      expect((await page.post('/v1/acks', { ids: [id, ofAnother] })).status).toBe(200);
      expect(await statusOf(id)).toBe('delivered');
      expect(await statusOf(ofAnother)).toBe('stored');
      expect((await page.get('/v1/users/ann/inbox')).status).toBe(401);
      expect((await page.post('/v1/connection-tickets', { user: 'ann' })).status).toBe(401);
      expect((await createApi(belfry.url, `${ackToken}x`).post('/v1/acks', { ids: [id] })).status).toBe(401);
    } finally {
      source.close();
    }
  });

  it('has it done by the SDK', async () => {
    const shown: string[] = [];
    const client = createBelfryClient({
      baseUrl: belfry.url,
      user: 'cay',
      transport: 'sse',
      getTicket: () => ticketFor('cay'),
      onNotification: ({ id }) => shown.push(id),
      EventSource: EventSource as unknown as typeof globalThis.EventSource,
    });
    client.connect();
    try {
      await waitUntil(() => client.state().state === 'connected');
      const id = await send('cay');
      await waitUntil(async () => (await statusOf(id)) === 'delivered');
      expect(shown).toEqual([id]);
    } finally {
      client.close();
    }
  });
});

describe('the example upstream', () => {
  it('makes no invoice, and so no notification, for who does not have the API key', async () => {
    const ask = (headers: Record<string, string>) =>
      fetch(`${belfry.url}/examples/invoices`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ user: 'victim' }),
      });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ authorization: 'Bearer guess' })).status).toBe(401);
    expect((await ask({ origin: belfry.url })).status).toBe(401);
  });
});
