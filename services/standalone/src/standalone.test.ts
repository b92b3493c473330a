import { afterEach, describe, expect, it, vi } from 'vitest';
import { startStandalone, type TestStandalone } from './standalone.fixture.ts';

vi.setConfig({ testTimeout: 60_000 });

let belfry: TestStandalone | undefined;
afterEach(() => belfry?.stop());

const askForInvoice = (url: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${url}/examples/invoices`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ user: 'victim' }),
  });

describe('a realtime delivery', () => {
  it('is said to be expired soon after its deadline, where nobody was shown it', async () => {
    belfry = await startStandalone();
    const headers = { authorization: `Bearer ${belfry.apiKey}`, 'content-type': 'application/json' };
    const body = { id: 'short', to: { users: ['ann'] }, channels: ['realtime'], type: 't', title: 'T', ttlSeconds: 1 };
    const posted = await fetch(`${belfry.url}/v1/notifications`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    expect(posted.status).toBe(202);
    // Retention looks once a minute; that would be too late for this test.
    await vi.waitFor(
      async () => {
        const ledger = await fetch(`${belfry?.url}/v1/notifications/short`, { headers });
        expect(await ledger.json()).toMatchObject({ counts: { expired: 1 }, deliveries: [{ status: 'expired' }] });
      },
      { timeout: 30_000, interval: 100 },
    );
  });
});

describe('the example upstream', () => {
  it('sends nothing for a caller without the API key, whom the session of the console does not make up for', async () => {
    belfry = await startStandalone();
    const page = await fetch(belfry.url);
    const [cookie = ''] = page.headers.getSetCookie()[0]?.split(';') ?? [];
    for (const headers of [{}, { cookie, origin: belfry.url }, { authorization: 'Bearer bk_dev_guess' }]) {
      expect((await askForInvoice(belfry.url, headers)).status).toBe(401);
    }
    expect((await askForInvoice(`${belfry.url}/console/api`)).status).toBe(403);
    expect((await askForInvoice(`${belfry.url}/console/api`, { origin: belfry.url })).status).toBe(401);
    const inbox = async (): Promise<unknown[]> => {
      const headers = { authorization: `Bearer ${belfry?.apiKey}` };
      const answer = await fetch(`${belfry?.url}/v1/users/victim/inbox`, { headers });
      return ((await answer.json()) as { items: unknown[] }).items;
    };
    const own = await askForInvoice(`${belfry.url}/console/api`, { cookie, origin: belfry.url });
    expect(own.status).toBe(202);
    await vi.waitFor(async () => expect(await inbox()).toHaveLength(1), { timeout: 30_000, interval: 50 });
  });

  it('is not there without the console', async () => {
    belfry = await startStandalone({ BELFRY_CONSOLE: 'false' });
    const answer = await askForInvoice(belfry.url, { authorization: `Bearer ${belfry.apiKey}` });
    expect(answer.status).toBe(404);
  });
});
