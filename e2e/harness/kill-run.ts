import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createApi } from './api.ts';
import { addFcmDevice, addWebPushDevice, arrivedAt, type TestDevice } from './devices.ts';
import { freePort } from './free-port.ts';
import { launchBelfry } from './launch-belfry.ts';
import { isEnded, readLedgers } from './ledger.ts';
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
  /** 202 but unknown to the ledger, or without an end. Must be 0. */
  readonly lost: number;
  /** Live clients whose messages are not what was accepted for their user, in that order. Must be 0. */
  readonly inversions: number;
  readonly missingLive: number;
  readonly duplicatesAfterDedupe: number;
  readonly duplicatesOnTheWire: number;
  /** What devices got more than once: sends that were under way at a kill. */
  readonly duplicatesAtProviders: number;
  readonly sendsAtProviders: number;
  readonly restartMs: { readonly median: number; readonly max: number };
  readonly states: Readonly<Record<string, number>>;
};

const CLIENT_SHARE = 5;

/** Kills the process again and again while producers post and clients listen, then lets it finish and takes stock. */
export async function runKills(options: KillRunOptions): Promise<KillRunReport> {
  const providers = await startProviders();
  const dataDirectory = mkdtempSync(join(tmpdir(), 'belfry-kill-'));
  const port = await freePort();
  const env = { ...providers.env, BELFRY_RETRY_WEBPUSH: '300ms,500ms,1s', BELFRY_RETRY_FCM: '10s,10s' };
  const launch = () => launchBelfry({ env, dataDirectory, port });
  let belfry = await launch();
  const api = createApi(belfry.url);
  const users = Array.from({ length: options.users }, (_, index) => `user-${index}`);
  const devices: TestDevice[] = [];
  for (const user of users.filter((_, index) => index % 10 === 1))
    devices.push(await addWebPushDevice(api, providers, user));
  for (const user of users.filter((_, index) => index % 20 === 2))
    devices.push(await addFcmDevice(api, providers, user));
  const listening = users.filter((_, index) => index % CLIENT_SHARE === 0);
  const clients = new Map(
    await mapConcurrently(listening, 16, async (user) => [user, await openResumingClient(belfry.url, user)] as const),
  );
  const producer = startProducer({ url: belfry.url, users, lanes: 32, batch: 5 });

  const restarts: number[] = [];
  for (let kill = 0; kill < options.kills || producer.count() < options.notifications; kill++) {
    const [from, to] = options.aliveMs;
    await pause(from + Math.random() * (to - from));
    if (kill < options.kills) {
      await belfry.end('SIGKILL');
      belfry = await launch();
      restarts.push(belfry.readyAfterMs);
    }
  }
  await producer.stop();

  const ids = [...producer.accepted.values()].flat();
  const read = await waitUntil(
    async () => {
      const ledgers = await readLedgers(api, ids);
      return ledgers.every((each) => each === undefined || (each.length > 0 && each.every(isEnded)))
        ? ledgers
        : undefined;
    },
    { timeoutMs: 180_000, everyMs: 1_000, what: 'an end for everything accepted' },
  );
  const owed = (user: string): readonly string[] => producer.accepted.get(user) ?? [];
  await waitUntil(() => [...clients].every(([user, client]) => client.ids.length >= owed(user).length), {
    timeoutMs: 30_000,
    what: 'everything owed to live clients',
  }).catch(() => undefined);

  const arrived = arrivedAt(providers);
  const atDevices = devices.map(({ target }) => arrived.get(target) ?? []);
  const states: Record<string, number> = {};
  for (const delivery of read.flatMap((each) => each ?? [])) {
    const state = `${delivery.channel} ${delivery.status}`;
    states[state] = (states[state] ?? 0) + 1;
  }
  const sorted = restarts.toSorted((a, b) => a - b);
  const report: KillRunReport = {
    kills: restarts.length,
    accepted: ids.length,
    repeatedPosts: producer.repeats(),
    lost: read.filter((each) => each === undefined).length,
    inversions: [...clients].filter(([user, client]) => !isSameOrder(client.ids, owed(user))).length,
    missingLive: [...clients].reduce(
      (sum, [user, client]) => sum + Math.max(0, owed(user).length - client.ids.length),
      0,
    ),
    duplicatesAfterDedupe: [...clients.values()].reduce(
      (sum, client) => sum + client.ids.length - new Set(client.ids).size,
      0,
    ),
    duplicatesOnTheWire: [...clients.values()].reduce((sum, client) => sum + client.duplicates(), 0),
    duplicatesAtProviders: atDevices.reduce((sum, got) => sum + got.length - new Set(got).size, 0),
    sendsAtProviders: atDevices.reduce((sum, got) => sum + got.length, 0),
    restartMs: { median: Math.round(sorted[sorted.length >> 1] ?? 0), max: Math.round(sorted.at(-1) ?? 0) },
    states,
  };
  for (const client of clients.values()) client.close();
  await belfry.stop();
  await providers.stop();
  rmSync(dataDirectory, { recursive: true, force: true });
  return report;
}

/** A repeated post may have been routed twice in the log, but its first place in the stream stays: the order is that of the posts. */
function isSameOrder(got: readonly string[], owed: readonly string[]): boolean {
  return got.length === owed.length && got.every((id, index) => id === owed[index]);
}
