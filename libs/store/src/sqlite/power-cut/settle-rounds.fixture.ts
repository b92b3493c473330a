// Usage: node settle-rounds.fixture.ts <store folder> <acks file> <rounds> <notifications in a round>. Opens the store, accepts, routes and settles, and closes
// it, in each round: so that the write-ahead log is copied into the file and begun anew again and again. Writes a line for all that it was answered.
import { openSync, writeSync } from 'node:fs';
import type { Store } from '@belfry/core/store/store';
import { createSqliteStore } from '../create-sqlite-store.ts';
import {
  type Ack,
  ackLine,
  crowdOf,
  deviceOf,
  fateOf,
  idOf,
  keyOf,
  notificationOf,
  refOf,
  responseOf,
  settlementsOf,
  TENANT,
  userOf,
} from './workload.fixture.ts';

const WORKERS = 6;
const TIMERS = 100;

const [directory = '', acks = '', rounds = '1', perRound = '1'] = process.argv.slice(2);
const witness = openSync(acks, 'a');
const acknowledge = (ack: Ack): void => void writeSync(witness, ackLine(ack));
const clock = { nowMs: () => Date.now() };
const onFatal = (error: Error): never => {
  throw error;
};

let serial = 0;
/** Timers that were removed and not waited for yet, by delivery. */
const released = new Set<string>();
for (let round = 1; round <= Number(rounds); round++) {
  const store = await createSqliteStore({ directory, clock, onFatal });
  acknowledge({ kind: 'epoch', epoch: await store.epoch() });
  const last = round * Number(perRound);
  const work = async (): Promise<void> => {
    while (serial < last) await follow(store, serial++);
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  await store.close();
}

/** All that the store is asked on the way of one notification. */
async function follow(store: Store, own: number): Promise<void> {
  const user = userOf(own);
  const notification = notificationOf(own, clock.nowMs());
  const address = { endpoint: `https://push.example/${own}`, p256dh: 'key', auth: 'secret', keyId: 'k1' };
  await store.registerDevice(user, deviceOf(own), { channel: 'webpush', address });
  await store.registerDevice(user, `${deviceOf(own)}-phone`, { channel: 'fcm', address: { token: `${own}` } });

  await store.claimIdempotencyKey(keyOf(own));
  await store.beginAccept([{ notification, bodyHash: keyOf(own).bodyHash, takeOver: false }]);
  await store.markAccepted([notification]);
  await store.completeIdempotencyKey(TENANT, keyOf(own).key, responseOf(own));
  acknowledge({ kind: 'accepted', serial: own });

  const recipients = [crowdOf(own).user, user.user];
  const [routed] = await store.route(recipients.map((recipient) => ({ notification, recipient })));
  if (routed?.kind !== 'routed') throw new Error(`${own} was not routed`);
  acknowledge({ kind: 'routed', serial: own, offset: routed.offset });

  for (const [attempts, settlement] of settlementsOf(own, clock.nowMs()).entries()) {
    if (attempts > 0) await releaseTimer(store, own);
    const [applied] = await store.settle([settlement]);
    if (applied !== true) throw new Error(`attempt ${attempts + 1} of ${own} was not settled`);
    acknowledge({ kind: 'settled', serial: own, attempts: attempts + 1 });
  }
  if (fateOf(own) !== 'delivered') return;
  await store.acknowledge([{ ...user, notificationIds: [idOf(own)] }]);
  acknowledge({ kind: 'acknowledged', serial: own });
}

/** As the scheduler does, with an append to the log in between. Another worker may have claimed it along with its own. */
async function releaseTimer(store: Store, own: number): Promise<void> {
  const { deliveryId } = refOf(own);
  while (!released.delete(deliveryId)) {
    const timers = await store.claimDueTimers(TIMERS, 60_000);
    await store.removeTimers(timers);
    for (const { delivery } of timers) released.add(delivery.deliveryId);
  }
}
