import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { DeliveryRef } from '@belfry/core/delivery';
import type { Notification } from '@belfry/core/notification';
import type { Store } from '@belfry/core/store/store';
import { createPostgresStore } from '@belfry/store/postgres';
import { createSqliteStore } from '@belfry/store/sqlite';
import { realClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describeEnvironment } from './environment.ts';

/**
 * Throughput of the embedded store, and of PostgreSQL where `POSTGRES_URL` names a server (in a new schema, which it leaves to you); one JSON object on stdout.
 * `node bench/store.ts [--notifications 20000] [--directory <folder on the disk to measure>]`
 */
const { values } = parseArgs({
  options: { notifications: { type: 'string', default: '20000' }, directory: { type: 'string', default: tmpdir() } },
});
const total = Number(values.notifications);
const USERS = 2_000;
const environment = describeEnvironment();
const directory = mkdtempSync(join(values.directory, 'belfry-bench-store-'));

function notification(id: string): Notification {
  const nowMs = Date.now();
  return {
    tenant: 'default',
    id,
    audience: { kind: 'users', users: [`user-${Number.parseInt(id.slice(-6), 36) % USERS}`] },
    type: 'bench',
    title: 'Build finished',
    body: 'All 1,204 tests passed in 3 min 12 s. The artefacts are kept for a week.',
    data: { project: 'belfry', build: 4711, url: 'https://ci.example/builds/4711' },
    priority: 'normal',
    acceptedAtMs: nowMs,
    expiresAtMs: nowMs + 4 * 24 * 3_600_000,
  };
}

let sequence = 0;
/** As ordered as a UUIDv7, which matters to a tree. */
function nextId(): string {
  return `0193a1b2-7c3d-7e4f-8a5b-${(sequence++).toString(36).padStart(12, '0')}`;
}

type Measured = {
  readonly perSecond: number;
  /** Of all threads of this process; says more than the rate on a machine with other work. A PostgreSQL server's own is not in it. */
  readonly cpuMsPer1000: number;
};

/** Runs `work` until it was called `calls` times, `concurrency` at once. */
async function measure(
  calls: number,
  itemsPerCall: number,
  concurrency: number,
  work: () => Promise<unknown>,
): Promise<Measured> {
  let left = calls;
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) await work();
    }),
  );
  const items = calls * itemsPerCall;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    perSecond: Math.round((items * 1_000) / (performance.now() - startMs)),
    cpuMsPer1000: Math.round((user + system) / items),
  };
}

async function accept(store: Store, count: number): Promise<readonly Notification[]> {
  const notifications = Array.from({ length: count }, () => notification(nextId()));
  await store.beginAccept(notifications.map((each) => ({ notification: each, bodyHash: 'h', takeOver: false })));
  await store.markAccepted(notifications);
  return notifications;
}

async function registerDevices(store: Store): Promise<void> {
  for (let user = 0; user < USERS; user++) {
    const address = { endpoint: `https://push.example/${user}`, p256dh: 'key', auth: 'secret', keyId: 'k1' };
    const owner = { tenant: 'default', user: `user-${user}` };
    await store.registerDevice(owner, `device-${user}`, { channel: 'webpush', address });
  }
}

const recipientOf = (each: Notification) => (each.audience.kind === 'users' ? (each.audience.users[0] ?? '') : '');

async function measureStore(store: Store) {
  await registerDevices(store);
  const accepted: Notification[] = [];
  const acceptAndKeep = async (count: number) => accepted.push(...(await accept(store, count)));
  await measure(20, 100, 4, () => accept(store, 100));
  const acceptSingles = await measure(total, 1, 64, () => acceptAndKeep(1));
  const acceptBatches = await measure(total / 100, 100, 64, () => acceptAndKeep(100));

  const toRoute = accepted.slice();
  const refs: DeliveryRef[] = [];
  const routed = await measure(toRoute.length / 100, 100, 4, async () => {
    const entries = toRoute.splice(0, 100).map((each) => ({ notification: each, recipient: recipientOf(each) }));
    for (const result of await store.route(entries)) if (result.kind === 'routed') refs.push(...result.deliveries);
  });

  const gateCalls = refs.slice();
  const readGate = await measure(refs.length, 1, 128, async () => {
    const ref = gateCalls.pop();
    if (ref !== undefined) await store.readGate([ref]);
  });
  const settleCalls = refs.slice();
  const settle = await measure(refs.length, 1, 128, async () => {
    const ref = settleCalls.shift();
    if (ref === undefined) return;
    await store.settle([
      {
        ref,
        attempt: {
          number: 1,
          atMs: Date.now(),
          durationMs: 12,
          outcome: 'delivered',
          code: '201',
          reason: 'delivered',
          host: 'push.example',
        },
        next: { kind: 'end', state: 'delivered' },
        reason: 'delivered',
      },
    ]);
  });
  const ackCalls = accepted.slice();
  const acknowledge = await measure(ackCalls.length, 1, 128, async () => {
    const each = ackCalls.pop();
    if (each === undefined) return;
    await store.acknowledge([{ tenant: each.tenant, user: recipientOf(each), notificationIds: [each.id] }]);
  });
  return { acceptSingles, acceptBatches, routed, readGate, settle, acknowledge };
}

async function measureSqlite() {
  const store = await createSqliteStore({
    directory,
    clock: { nowMs: () => Date.now() },
    onFatal: (error) => {
      throw error;
    },
  });
  try {
    return await measureStore(store);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}

async function measurePostgres(url: string) {
  const schema = `belfry_bench_${process.pid}`;
  const store = await createPostgresStore({
    url,
    schema,
    poolSize: 10,
    clock: realClock,
    random: createSeededRandom(1),
  });
  try {
    return await measureStore(store);
  } finally {
    await store.close();
    console.error(`done with it: drop schema ${schema} cascade`);
  }
}

function summaryOf(measured: Readonly<Record<string, Measured>>, prefix = '') {
  return Object.fromEntries(Object.entries(measured).map(([name, { perSecond }]) => [`${prefix}${name}/s`, perSecond]));
}

const url = process.env.POSTGRES_URL || undefined;
const sqlite = await measureSqlite();
const postgres = url === undefined ? undefined : await measurePostgres(url);
const report = {
  what: `notifications and deliveries per second through the embedded store${postgres ? ' and through PostgreSQL' : ''}`,
  ...environment,
  notifications: total,
  ...sqlite,
  ...(postgres === undefined ? {} : { postgres }),
  summary: { ...summaryOf(sqlite), ...(postgres === undefined ? {} : summaryOf(postgres, 'PostgreSQL ')) },
};
console.log(JSON.stringify(report, null, 2));
