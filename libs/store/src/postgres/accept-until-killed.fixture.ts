import { writeSync } from 'node:fs';
import type { Notification } from '@belfry/core/notification';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { realClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { createPostgresStore } from './create-postgres-store.ts';

/**
 * Accepts and routes notifications without end, and writes id and offset of each to stdout once the store has answered. In an outage it tries again, as services do.
 * Arguments: URL, schema, prefix of the ids.
 */
const [url = '', schema = '', prefix = ''] = process.argv.slice(2);
const store = await createPostgresStore({ url, schema, poolSize: 4, clock: realClock, random: createSeededRandom(1) });

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
  await insist(() => store.beginAccept([{ notification, bodyHash: id, takeOver: false }]));
  await insist(() => store.markAccepted([notification]));
  const [routed] = await insist(() =>
    store.route([{ notification, recipient: 'ann', realtime: true, deliveries: [] }]),
  );
  // Synchronous: what was answered must be known to the parent, however soon we are killed.
  if (routed?.kind === 'routed') writeSync(1, `${id} ${routed.offset}\n`);
}

async function insist<Result>(call: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

for (let worker = 0; worker < 16; worker++) {
  void (async () => {
    for (let count = 0; ; count++) await accept(`${prefix}-${worker}-${count}`);
  })();
}
