import { realClock } from '@belfry/testing/real-clock';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startUpstream, type TestUpstream } from './edge.fixture.ts';
import { createUpstreamHealth, type UpstreamHealth } from './upstream-health.ts';

const started: TestUpstream[] = [];
let health: UpstreamHealth | undefined;

afterEach(async () => {
  await health?.service.stop();
  await Promise.all(started.splice(0).map((upstream) => upstream.close()));
});

async function upstream(status: () => number): Promise<string> {
  const made = await startUpstream((_request, response) => response.writeHead(status()).end());
  started.push(made);
  return made.url;
}

describe('the health of what is behind', () => {
  it('passes requests to those that are ready, in turn', async () => {
    const [one, two, drained] = [await upstream(() => 200), await upstream(() => 200), await upstream(() => 503)];
    health = createUpstreamHealth({ api: [one, two, drained], realtime: [one], console: [], examples: [] }, realClock);
    await health.service.start();
    expect(new Set([health.next('api'), health.next('api')])).toEqual(new Set([one, two]));
    expect(health.next('console')).toBeUndefined();
    expect(health.service.unready?.()).toBeUndefined();
  });

  it('is not ready while a service has nobody who is, and says who', async () => {
    let status = 503;
    const url = await upstream(() => status);
    health = createUpstreamHealth({ api: [url], realtime: [], console: [], examples: [] }, realClock);
    await health.service.start();
    expect(health.service.unready?.()).toBe('api: answers 503');
    // Nobody better is known.
    expect(health.next('api')).toBe(url);
    status = 200;
    await vi.waitFor(() => expect(health?.service.unready?.()).toBeUndefined(), 5_000);
  });
});
