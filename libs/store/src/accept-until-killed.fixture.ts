import { writeSync } from 'node:fs';
import type { Notification } from '@belfry/core/notification';
import type { Store } from '@belfry/core/store/store';

/** How a call of the store is made; by default once. */
type Insist = <Result>(call: () => Promise<Result>) => Promise<Result>;

const WORKERS = 16;

/** Accepts and routes notifications without end, and writes id and offset of each to stdout once the store has answered. */
export function acceptUntilKilled(store: Store, prefix: string, insist: Insist = (call) => call()): void {
  for (let worker = 0; worker < WORKERS; worker++) {
    void (async () => {
      for (let count = 0; ; count++) await accept(store, `${prefix}-${worker}-${count}`, insist);
    })();
  }
}

async function accept(store: Store, id: string, insist: Insist): Promise<void> {
  const notification: Notification = {
    tenant: 'acme',
    id,
    audience: { kind: 'users', users: ['ann'] },
    type: 'test',
    title: `Notification ${id}`,
    priority: 'normal',
    acceptedAtMs: Date.now(),
    expiresAtMs: Date.now() + 86_400_000,
  };
  await insist(() => store.beginAccept([{ notification, bodyHash: id, takeOver: false }]));
  await insist(() => store.markAccepted([notification]));
  const [routed] = await insist(() => store.route([{ notification, recipient: 'ann' }]));
  // Synchronous: what was answered must be known to the parent, however soon we are killed.
  if (routed?.kind === 'routed') writeSync(1, `${id} ${routed.offset}\n`);
}
