import { createRequire } from 'node:module';

/** The release whose source was read for this. */
const RELEASE = '2.2.4';

type RequestQueue = { readonly pending: readonly unknown[] };
type RequestQueueClass = {
  new (options: object): RequestQueue;
  readonly prototype: RequestQueue & { scheduleCheckPendingRequests(): void };
};

let isMended = false;

/**
 * Ends the timer that kafkajs runs about every millisecond for each connection, busy or not: its request queue arms a check of what waits to be sent even
 * where nothing waits, for a moment that has passed. With nothing pending there is nothing to check, and whatever is queued later arms the check itself.
 *
 * Applies to the whole process, once. Throws where kafkajs is not as it was when this was written: a client that spins unseen is worse.
 */
export function mendIdleTimer(): void {
  if (isMended) return;
  const { prototype } = loadRequestQueue();
  const stock = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) stock.call(this);
  };
  isMended = true;
}

function loadRequestQueue(): RequestQueueClass {
  const require = createRequire(import.meta.url);
  const { version }: { version: unknown } = require('kafkajs/package.json');
  if (version !== RELEASE) {
    throw new Error(`kafkajs is ${version}, but its idle timer is mended for ${RELEASE}: read its request queue again`);
  }
  const loaded: unknown = require('kafkajs/src/network/requestQueue/index.js');
  if (!isRequestQueueClass(loaded))
    throw new Error('the request queue of kafkajs is not as its idle timer is mended for');
  return loaded;
}

function isRequestQueueClass(value: unknown): value is RequestQueueClass {
  if (typeof value !== 'function') return false;
  const { prototype } = value;
  if (typeof prototype?.scheduleCheckPendingRequests !== 'function') return false;
  const queue: unknown = Reflect.construct(value, [{}]);
  return typeof queue === 'object' && queue !== null && 'pending' in queue && Array.isArray(queue.pending);
}
