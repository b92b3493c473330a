import { loadKafkajsSource, prototypeOf } from './kafkajs-source.ts';

type RequestQueue = { readonly pending: readonly unknown[]; scheduleCheckPendingRequests(): void };

const FILE = 'network/requestQueue/index.js';
let isMended = false;

/**
 * Ends the timer that kafkajs runs about every millisecond for each connection, busy or not: its request queue arms a check of what waits to be sent even
 * where nothing waits, for a moment that has passed. With nothing pending there is nothing to check, and whatever is queued later arms the check itself.
 *
 * Applies to the whole process, once. Throws where kafkajs is not as it was when this was written: a client that spins unseen is worse.
 */
export function mendIdleTimer(): void {
  if (isMended) return;
  const loaded = loadKafkajsSource(FILE);
  const prototype = prototypeOf<RequestQueue>(loaded, FILE, ['scheduleCheckPendingRequests', 'checkPendingRequests']);
  const queue: unknown = Reflect.construct(prototype.constructor, [{}]);
  if (!Array.isArray(Reflect.get(Object(queue), 'pending'))) {
    throw new Error(`kafkajs/src/${FILE} keeps what is pending elsewhere: it cannot be mended as it was`);
  }
  const stock = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) stock.call(this);
  };
  isMended = true;
}
