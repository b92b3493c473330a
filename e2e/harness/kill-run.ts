import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@belfry/testing/free-port';
import { createApi } from './api.ts';
import { repetitions, watchArrivals } from './arrivals.ts';
import { countBy } from './count-by.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './devices.ts';
import { launchBelfry } from './launch-belfry.ts';
import { readEndedLedgers } from './ledger.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { startProviders } from './providers.ts';
import { openResumingClient } from './resuming-client.ts';
import { startProducer } from './steady-producer.ts';
import { waitUntil } from './wait-until.ts';

export type KillRunOptions = {
  readonly kills: number;
  /** At least this many notifications are accepted, whatever the kills. */
  readonly notifications: number;
  readonly users: number;
  /** The process lives this long after it is ready, chosen evenly between the two, in milliseconds. */
  readonly aliveMs: readonly [from: number, to: number];
};

export type KillRunReport = {
  readonly kills: number;
  readonly accepted: number;
  readonly repeatedPosts: number;
  /** 202 but unknown to the ledger. Must be 0. */
  readonly lost: number;
  /** 202 but without an end in time. Must be 0. */
  readonly unended: number;
  /** Live clients that were not shown what was accepted for their user, in that order. Must be 0. */
  readonly inversions: number;
  readonly missingLive: number;
  /** Shown more than once by the SDK. Must be 0. */
  readonly duplicatesAfterDedupe: number;
  readonly duplicatesOnTheWire: number;
  /** Reconnects that were told that history does not reach back to their cursor. Must be 0. */
  readonly unrecovered: number;
  /** What devices got more than once: sends that were under way at a kill. */
  readonly duplicatesAtProviders: number;
  readonly sendsAtProviders: number;
  readonly restartMs: { readonly median: number; readonly max: number };
  readonly states: Readonly<Record<string, number>>;
};

/** Far above what a machine with nothing else to do takes (under a second): in a test a busy one is not a broken one. The soak asks for what is promised. */
const RESTART_LIMIT_MS = 15_000;

const CLIENT_SHARE = 5;
/** For the end of everything: retries, and what a busy machine takes to read each ledger. */
const SETTLE_MS = 180_000;
const SETTLE_MS_EACH = 5;
/** At most what one process may have under way with the providers. */
const SENDS_UNDER_WAY = 256;

/** Kills the process again and again while producers post and clients listen, then lets it finish and takes stock. */
export async function runKills(options: KillRunOptions): Promise<KillRunReport> {
  await using ending = new AsyncDisposableStack();
  const providers = await startProviders();
  ending.defer(() => providers.stop());
  const arrived = watchArrivals(providers);
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-kill-'));
  ending.defer(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const port = await freePort();
  const env = { ...providers.env, BELFRY_RETRY_WEBPUSH: '300ms,500ms,1s', BELFRY_RETRY_FCM: '10s,10s' };
  const launch = () => launchBelfry({ env, dataDirectory, port });
  let belfry = await launch();
  ending.defer(() => belfry.stop());
  const api = createApi(belfry.url);
  const users = Array.from({ length: options.users }, (_, index) => `user-${index}`);
  const devices: TestDevice[] = [];
  for (const user of users.filter((_, index) => index % 10 === 1))
    devices.push(await addWebPushDevice(api, providers, user));
  for (const user of users.filter((_, index) => index % 20 === 2))
    devices.push(await addFcmDevice(api, providers, user));
  const clients = await mapConcurrently(
    users.filter((_, index) => index % CLIENT_SHARE === 0),
    16,
    async (user) => {
      const client = await openResumingClient(belfry.url, user);
      ending.defer(() => client.close());
      return { user, client };
    },
  );
  const producer = startProducer({ url: belfry.url, users, lanes: 32, batch: 5 });
  ending.defer(() => producer.abandon());

  const restarts: number[] = [];
  while (restarts.length < options.kills || producer.count() < options.notifications) {
    const [from, to] = options.aliveMs;
    await pause(from + Math.random() * (to - from));
    if (restarts.length === options.kills) continue;
    await belfry.end('SIGKILL');
    belfry = await launch();
    restarts.push(belfry.readyAfterMs);
  }
  await producer.stop();

  const ids = [...producer.accepted.values()].flat();
  const ledgers = await readEndedLedgers(api, ids, { timeoutMs: SETTLE_MS + ids.length * SETTLE_MS_EACH });
  const shown = clients.map(({ user, client }) => ({ client, owed: producer.accepted.get(user) ?? [] }));
  await waitUntil(() => shown.every(({ client, owed }) => client.ids.length >= owed.length), {
    what: 'everything owed to live clients',
  }).catch(() => undefined);

  const atDevices = devices.map(({ target }) => arrived.get(target) ?? []);
  const sorted = restarts.toSorted((a, b) => a - b);
  return {
    kills: restarts.length,
    accepted: ids.length,
    repeatedPosts: producer.repeats(),
    lost: ledgers.unknown.length,
    unended: ledgers.unended.length,
    inversions: shown.filter(({ client, owed }) => !isSameOrder(client.ids, owed)).length,
    missingLive: sum(shown.map(({ client, owed }) => owed.filter((id) => !client.ids.includes(id)).length)),
    duplicatesAfterDedupe: sum(clients.map(({ client }) => repetitions(client.ids))),
    duplicatesOnTheWire: sum(clients.map(({ client }) => client.duplicates())),
    unrecovered: sum(clients.map(({ client }) => client.unrecovered())),
    duplicatesAtProviders: sum(atDevices.map(repetitions)),
    sendsAtProviders: sum(atDevices.map((got) => got.length)),
    restartMs: { median: Math.round(sorted[sorted.length >> 1] ?? 0), max: Math.round(sorted.at(-1) ?? 0) },
    states: countBy(ledgers.deliveries.map(({ channel, status }) => `${channel} ${status}`)),
  };
}

/** What the report says about promises that were not kept; empty when all were. */
export function brokenByKills(
  report: KillRunReport,
  asked: Pick<KillRunOptions, 'kills' | 'notifications'>,
  restartLimitMs = RESTART_LIMIT_MS,
): string[] {
  const broken: string[] = [];
  if (report.kills < asked.kills) broken.push(`only ${report.kills} of ${asked.kills} kills`);
  if (report.accepted < asked.notifications) broken.push(`only ${report.accepted} notifications were accepted`);
  for (const zero of [
    'lost',
    'unended',
    'inversions',
    'missingLive',
    'duplicatesAfterDedupe',
    'unrecovered',
  ] as const) {
    if (report[zero] !== 0) broken.push(`${zero}: ${report[zero]} instead of 0`);
  }
  if (report.duplicatesAtProviders > SENDS_UNDER_WAY * report.kills)
    broken.push(`${report.duplicatesAtProviders} duplicates at providers are more than were under way at the kills`);
  if (report.restartMs.median >= restartLimitMs)
    broken.push(`ready only ${report.restartMs.median} ms after a kill (median)`);
  return broken;
}

/** A repeated post may have been routed twice in the log, but its first place in the stream stays: the order is that of the posts. */
function isSameOrder(got: readonly string[], owed: readonly string[]): boolean {
  return got.length === owed.length && got.every((id, index) => id === owed[index]);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
