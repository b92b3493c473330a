import { writeSync } from 'node:fs';
import type { Notification } from '@belfry/core/notification';
import { createSqliteStore } from './create-sqlite-store.ts';

/** Accepts notifications without end, and writes the id of each to stdout once the store has answered. Arguments: directory, prefix of the ids. */
const [directory = '', prefix = ''] = process.argv.slice(2);
const store = await createSqliteStore({
  directory,
  clock: { nowMs: () => Date.now() },
  onFatal: (error) => {
    throw error;
  },
});

async function accept(id: string): Promise<void> {
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
  await store.beginAccept([{ notification, bodyHash: id, takeOver: false }]);
  await store.markAccepted([notification]);
  const [routed] = await store.route([{ notification, recipient: 'ann', realtime: true, deliveries: [] }]);
  // Synchronous: what was answered must be known to the parent, however soon we are killed.
  if (routed?.kind === 'routed') writeSync(1, `${id} ${routed.offset}\n`);
}

for (let worker = 0; worker < 16; worker++) {
  void (async () => {
    for (let count = 0; ; count++) await accept(`${prefix}-${worker}-${count}`);
  })();
}
