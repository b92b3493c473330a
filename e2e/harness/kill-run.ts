import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@belfry/testing/free-port';
import { createApi } from './api.ts';
import { repetitions, watchArrivals } from './arrivals.ts';
import { countBy } from './count-by.ts';
import { KILL_LOAD_ENV, type KillDevice, type KillLoadOptions, prepareKillLoad } from './kill-load.ts';
import type { KillRunReport } from './kill-report.ts';
import { launchBelfry } from './launch-belfry.ts';
import { type LedgerDeliveries, readEndedLedgers } from './ledger.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { medianAndMax } from './median-and-max.ts';
import { startProviders } from './providers.ts';
import { openResumingClient } from './resuming-client.ts';
import { waitUntil } from './wait-until.ts';

export type KillRunOptions = KillLoadOptions & {
  readonly kills: number;
  /** At least this many notifications are accepted, whatever the kills. */
  readonly notifications: number;
  /** The process lives this long after it is ready, chosen evenly between the two, in milliseconds. */
  readonly aliveMs: readonly [from: number, to: number];
};

/** For the end of everything: retries, and what a busy machine takes to read each ledger. */
const SETTLE_MS = 180_000;
const SETTLE_MS_EACH = 5;

/** Kills the process again and again while producers post, providers fail and clients listen, then lets it finish and takes stock. */
export async function runKills(options: KillRunOptions): Promise<KillRunReport> {
  await using ending = new AsyncDisposableStack();
  const providers = await startProviders();
  ending.defer(() => providers.stop());
  const arrived = watchArrivals(providers);
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-kill-'));
  ending.defer(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const port = await freePort();
  const launch = () => launchBelfry({ env: { ...providers.env, ...KILL_LOAD_ENV }, dataDirectory, port });
  let belfry = await launch();
  ending.defer(() => belfry.stop());
  const api = createApi(belfry.url);
  const load = await prepareKillLoad(belfry.url, api, providers, options);
  const clients = await mapConcurrently(load.liveUsers, 16, async (user) => {
    const client = await openResumingClient(belfry.url, user);
    ending.defer(() => client.close());
    return { user, client };
  });
  const producers = load.post();
  const [main] = producers;
  ending.defer(() => {
    for (const producer of producers) producer.abandon();
  });

  const restarts: number[] = [];
  while (restarts.length < options.kills || main.count() < options.notifications) {
    const [from, to] = options.aliveMs;
    await pause(from + Math.random() * (to - from));
    if (restarts.length === options.kills) continue;
    await belfry.end('SIGKILL');
    belfry = await launch();
    restarts.push(belfry.readyAfterMs);
  }
  await Promise.all(producers.map((producer) => producer.stop()));

  const owed = new Map(producers.flatMap(({ accepted }) => [...accepted]));
  const ids = [...owed.values()].flat();
  const ledgers = await readEndedLedgers(api, ids, { timeoutMs: SETTLE_MS + ids.length * SETTLE_MS_EACH });
  const shown = clients.map(({ user, client }) => ({ client, owed: owed.get(user) ?? [] }));
  await waitUntil(() => shown.every(({ client, owed }) => client.ids.length >= owed.length), {
    what: 'everything owed to live clients',
  }).catch(() => undefined);

  const pushes = load.devices.map((device) => stockOf(device, owed.get(device.user) ?? [], ledgers.ended, arrived));
  return {
    kills: restarts.length,
    accepted: ids.length,
    repeatedPosts: sum(producers.map((producer) => producer.repeats())),
    lost: ledgers.unknown.length + sum(pushes.map(({ lost }) => lost)),
    unended: ledgers.unended.length,
    endedOtherwise: sum(pushes.map(({ endedOtherwise }) => endedOtherwise)),
    undelivered: sum(pushes.map(({ undelivered }) => undelivered)),
    inversions: shown.filter(({ client, owed }) => !isSameOrder(client.ids, owed)).length,
    missingLive: sum(shown.map(({ client, owed }) => owed.filter((id) => !client.ids.includes(id)).length)),
    duplicatesAfterDedupe: sum(clients.map(({ client }) => repetitions(client.ids))),
    duplicatesOnTheWire: sum(clients.map(({ client }) => client.duplicates())),
    unrecovered: sum(clients.map(({ client }) => client.unrecovered())),
    duplicatesAtProviders: sum(pushes.map(({ got }) => repetitions(got))),
    sendsAtProviders: sum(pushes.map(({ got }) => got.length)),
    retriedThenDelivered: sum(pushes.map(({ retriedThenDelivered }) => retriedThenDelivered)),
    restartMs: medianAndMax(restarts),
    states: countBy(ledgers.deliveries.map(({ channel, status }) => `${channel} ${status}`)),
  };
}

/** What became of everything that was accepted for the user of a device. */
function stockOf(
  { channel, target, explains }: KillDevice,
  owed: readonly string[],
  ended: ReadonlyMap<string, LedgerDeliveries>,
  arrived: ReadonlyMap<string, readonly string[]>,
) {
  const got = arrived.get(target) ?? [];
  const seen = new Set(got);
  const known = owed.filter((id) => ended.has(id));
  const pushes = known.flatMap((id) => ended.get(id)?.filter((delivery) => delivery.channel === channel) ?? []);
  const delivered = (id: string): boolean =>
    ended.get(id)?.some((delivery) => delivery.channel === channel && delivery.status === 'delivered') ?? false;
  return {
    got,
    lost: known.length - pushes.length,
    endedOtherwise: pushes.filter((push) => !explains(push)).length,
    undelivered: known.filter((id) => delivered(id) && !seen.has(id)).length,
    retriedThenDelivered: pushes.filter(({ status, attempts }) => status === 'delivered' && attempts.length > 1).length,
  };
}

/** A repeated post may have been routed twice in the log, but its first place in the stream stays: the order is that of the posts. */
function isSameOrder(got: readonly string[], owed: readonly string[]): boolean {
  return got.length === owed.length && got.every((id, index) => id === owed[index]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
