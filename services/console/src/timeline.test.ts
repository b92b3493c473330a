import { RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import type { Receipt } from '@belfry/protocol/receipt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startConsole, type TestConsole } from './console.fixture.ts';

let console: TestConsole;

beforeEach(async () => {
  console = await startConsole();
});
afterEach(() => console.stop());

const UNTIL = { timeout: 20_000 };

const receipt = (id: string, tenant = 'default'): Receipt => ({
  v: 1,
  atMs: 1,
  tenant,
  notificationId: id,
  recipient: 'ann',
  state: 'routed',
});

const append = (...values: readonly unknown[]) =>
  console.log.append(
    RECEIPTS_TOPIC,
    values.map((value) => ({
      key: 'k',
      value: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    })),
  );

async function watch() {
  const response = await fetch(`http://localhost:${console.port}/console/api/timeline`, {
    headers: await console.pageHeaders(),
  });
  let text = '';
  const ended = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  })();
  return {
    status: response.status,
    ended,
    ids: () =>
      [...text.matchAll(/^event: receipts\ndata: (.*)$/gm)]
        .flatMap(([, data = '[]']) => JSON.parse(data) as Receipt[])
        .map(({ notificationId }) => notificationId),
  };
}

describe('the timeline', () => {
  it('shows the receipts of its own tenant as they come, and passes over what is none', async () => {
    const viewer = await watch();
    await append(receipt('n1'), receipt('foreign', 'other'), 'no JSON', { v: 2 }, receipt('n2'));
    await append(receipt('n3'));
    await vi.waitFor(() => expect(viewer.ids()).toEqual(['n1', 'n2', 'n3']), UNTIL);
  });

  it('follows the log only while somebody watches', async () => {
    expect(console.tails()).toBe(0);
    const controller = new AbortController();
    const url = `http://localhost:${console.port}/console/api/timeline`;
    const headers = await console.pageHeaders();
    await Promise.all([1, 2].map(() => fetch(url, { headers, signal: controller.signal })));
    expect(console.tails()).toBe(1);
    controller.abort();
    await vi.waitFor(() => expect(console.tails()).toBe(0), UNTIL);
    const again = await watch();
    await append(receipt('later'));
    await vi.waitFor(() => expect(again.ids()).toEqual(['later']), UNTIL);
  });

  it('ends when the console stops', async () => {
    const viewer = await watch();
    const stopped = console.stop();
    await viewer.ended;
    await stopped;
    expect(console.tails()).toBe(0);
    console = await startConsole();
  });

  it('has a limit of viewers', async () => {
    const headers = await console.pageHeaders();
    const url = `http://localhost:${console.port}/console/api/timeline`;
    const answers = await Promise.all(Array.from({ length: 33 }, () => fetch(url, { headers })));
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).toHaveLength(1);
    expect(await refused[0]?.json()).toMatchObject({ code: 'too_many_connections', limit: 32 });
  });
});
