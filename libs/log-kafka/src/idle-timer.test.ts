import { createRequire } from 'node:module';
import { beforeAll, expect, it, vi } from 'vitest';
import { mendIdleTimer } from './idle-timer.ts';

type Sent = { readonly entry: { readonly correlationId: number }; sendRequest(): void };
type Queue = {
  throttledUntil: number;
  push(request: Sent & { readonly expectResponse: boolean }): void;
  checkPendingRequests(): void;
  fulfillRequest(response: { readonly correlationId: number; readonly size: number; readonly payload: null }): void;
  destroy(): void;
};

const RequestQueue: new (options: object) => Queue = createRequire(import.meta.url)(
  'kafkajs/src/network/requestQueue/index.js',
);
const logger = { debug() {}, warn() {} };

function createQueue(maxInFlightRequests: number | null): Queue {
  return new RequestQueue({ maxInFlightRequests, requestTimeout: 1_000, clientId: 'c', broker: 'b', logger });
}

/** The order in which requests leave the queue. */
function pushAll(queue: Queue, count: number): number[] {
  const sent: number[] = [];
  for (let correlationId = 1; correlationId <= count; correlationId++) {
    const entry = { correlationId, resolve() {}, reject() {} };
    queue.push({ entry, expectResponse: true, sendRequest: () => sent.push(correlationId) });
  }
  return sent;
}

beforeAll(mendIdleTimer);

it('leaves no timer where nothing waits, and may be applied again', () => {
  mendIdleTimer();
  const set = vi.spyOn(globalThis, 'setTimeout');
  const queue = createQueue(null);
  pushAll(queue, 3);
  queue.checkPendingRequests();
  for (const correlationId of [1, 2, 3]) queue.fulfillRequest({ correlationId, size: 0, payload: null });
  expect(set).not.toHaveBeenCalled();
  set.mockRestore();
});

it('sends what waited for its turn', () => {
  const queue = createQueue(1);
  const sent = pushAll(queue, 3);
  expect(sent).toEqual([1]);
  queue.fulfillRequest({ correlationId: 1, size: 0, payload: null });
  queue.fulfillRequest({ correlationId: 2, size: 0, payload: null });
  expect(sent).toEqual([1, 2, 3]);
  queue.destroy();
});

it('sends what waited for the end of a throttle', async () => {
  const queue = createQueue(null);
  queue.throttledUntil = Date.now() + 50;
  const sent = pushAll(queue, 2);
  expect(sent).toEqual([]);
  await vi.waitFor(() => expect(sent).toEqual([1, 2]), { timeout: 5_000 });
  expect(Date.now()).toBeGreaterThanOrEqual(queue.throttledUntil);
  queue.destroy();
});
