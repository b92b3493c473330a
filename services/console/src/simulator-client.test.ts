import { createProviderSimulator } from '@belfry/provider-simulator';
import { realClock } from '@belfry/testing/real-clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSimulatorClient } from './simulator-client.ts';

const simulator = createProviderSimulator({ clock: realClock });
beforeAll(() => simulator.start());
afterAll(() => simulator.stop());

const ask = (method: string, path: string, body?: unknown, query: Record<string, string> = {}) =>
  createSimulatorClient(simulator.origin()).control({
    method,
    path: `/_simulator/${path}`,
    query: new URLSearchParams(query),
    body,
  });

describe('a simulator behind a URL', () => {
  it('is controlled as one in this process is', async () => {
    const made = await ask('POST', 'fcm/devices', {});
    expect(made.status).toBe(201);
    const { target } = made.body as { target: string };
    expect(await ask('PUT', 'fcm/script', { target, steps: [{ kind: 'status', status: 503 }] })).toMatchObject({
      status: 200,
      body: { remaining: 1 },
    });
    expect(await ask('GET', 'fcm/received', undefined, { target, limit: '5' })).toEqual({
      status: 200,
      body: { items: [] },
    });
    expect(await ask('DELETE', 'fcm/devices', undefined, { target })).toMatchObject({ body: { removed: true } });
  });

  it('says what is wrong with a request, and fails where nobody listens', async () => {
    expect(await ask('PUT', 'fcm/script', { steps: 'none' })).toMatchObject({ status: 400 });
    const nobody = createSimulatorClient('https://127.0.0.1:1');
    const query = new URLSearchParams();
    const asked = nobody.control({ method: 'GET', path: '/_simulator/fcm/counters', query, body: undefined });
    await expect(asked).rejects.toThrow(/ECONNREFUSED/);
  });
});
