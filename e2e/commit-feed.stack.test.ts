import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readJsonl, runFeed } from '@belfry/example-commit-feed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from './harness/api.ts';
import { watchArrivals } from './harness/arrivals.ts';
import { addFcmDevice, addWebPushDevice, type TestDevice } from './harness/devices.ts';
import { type Belfry, launchBelfry, TEST_KEY } from './harness/launch-belfry.ts';
import { readEndedLedgers } from './harness/ledger.ts';
import { type LiveClient, openWebSocket } from './harness/live-client.ts';
import { mapConcurrently } from './harness/map-concurrently.ts';
import { type Providers, startProviders } from './harness/providers.ts';
import { waitUntil } from './harness/wait-until.ts';

/** Changes of a path after which its author follows it: 20 makes 102 thousand recipients, 3 makes 468 thousand. */
const FOLLOW_AFTER = Number(process.env.BELFRY_FEED_FOLLOW_AFTER ?? 20);
/** So many commits from the beginning of the history; all by default. */
const COMMIT_COUNT = Number(process.env.BELFRY_FEED_COMMITS ?? 16_133);
/** More recipients need more time. */
const WAIT_MS = FOLLOW_AFTER < 20 ? 1_800_000 : 240_000;
const COMMITS = fileURLToPath(new URL('../examples/commit-feed/data/commits.jsonl.gz', import.meta.url));

let providers: Providers;
let arrived: ReturnType<typeof watchArrivals>;
let belfry: Belfry;
let api: Api;
const live = new Map<string, LiveClient>();
const devices: TestDevice[] = [];

beforeAll(async () => {
  providers = await startProviders();
  arrived = watchArrivals(providers);
  belfry = await launchBelfry({
    env: { ...providers.env, BELFRY_RETRY_WEBPUSH: '200ms,500ms,1s,2s', BELFRY_RETRY_FCM: '10s,20s' },
  });
  api = createApi(belfry.url);
  const users = await authors();
  await mapConcurrently(
    users.filter((_, index) => index % 10 === 0),
    16,
    async (user) => {
      live.set(user, await openWebSocket(belfry.url, user));
    },
  );
  await mapConcurrently(
    users.filter((_, index) => index % 20 === 1),
    8,
    async (user) => {
      devices.push(await addWebPushDevice(api, providers, user));
    },
  );
  await mapConcurrently(
    users.filter((_, index) => index % 40 === 2),
    8,
    async (user) => {
      devices.push(await addFcmDevice(api, providers, user));
    },
  );
  providers.simulator.webpush.script.setFaults({ failRate: 0.02, unknownRate: 0.005, goneRate: 0.001, seed: 7 });
});

afterAll(async () => {
  for (const client of live.values()) client.close();
  await belfry?.stop();
  await providers?.stop();
});

async function* history(): ReturnType<typeof readJsonl> {
  let count = 0;
  for await (const commit of readJsonl(COMMITS)) {
    yield commit;
    count++;
    if (count === COMMIT_COUNT) return;
  }
}

async function authors(): Promise<string[]> {
  const found = new Set<string>();
  for await (const commit of history()) found.add(commit.author);
  return [...found];
}

describe(`a real history of ${COMMIT_COUNT.toLocaleString('en')} commits`, () => {
  it(
    'reaches every author and follower, in order, once per recipient and device or accounted for',
    async () => {
      const expected = new Map<string, string[]>();
      const recipients = new Map<string, number>();
      const startedMs = performance.now();
      const totals = await runFeed({
        target: { url: belfry.url, key: TEST_KEY },
        commits: history(),
        followAfter: FOLLOW_AFTER,
        pause: async (ms) => {
          await pause(ms);
        },
        onNotification: (request) => {
          const id = request.id ?? '';
          const users = 'users' in request.to ? request.to.users : [];
          recipients.set(id, users.length);
          for (const user of users) {
            const list = expected.get(user);
            if (list === undefined) expected.set(user, [id]);
            else list.push(id);
          }
        },
      });
      const acceptedMs = performance.now() - startedMs;
      expect(totals.commits).toBe(COMMIT_COUNT);

      const owed = [...live.keys()].reduce((sum, user) => sum + (expected.get(user)?.length ?? 0), 0);
      const received = (): number => [...live.values()].reduce((sum, client) => sum + client.received.length, 0);
      await waitUntil(() => received() >= owed, { timeoutMs: WAIT_MS, what: `${owed} live messages` });
      const liveMs = performance.now() - startedMs;

      // Every live client: all of its notifications, each once, in the order in which they were posted.
      for (const [user, client] of live) {
        expect(
          client.received.map((each) => each.id),
          user,
        ).toEqual(expected.get(user) ?? []);
      }

      // The ledger knows an end for each delivery of each notification, and has one realtime delivery per recipient.
      const {
        deliveries,
        unknown: lost,
        unended,
      } = await readEndedLedgers(api, [...recipients.keys()], {
        timeoutMs: WAIT_MS,
        recipients: (id) => recipients.get(id) ?? 0,
      });
      expect({ lost, unended }).toEqual({ lost: [], unended: [] });
      expect(deliveries.filter((each) => each.channel === 'realtime')).toHaveLength(totals.recipients);

      // Every device: what the ledger calls delivered arrived, and more often than once only where an attempt had an unknown end.
      let duplicates = 0;
      let unknown = 0;
      const push = deliveries.filter((each) => each.channel !== 'realtime');
      for (const delivery of push) {
        unknown += delivery.attempts.filter((attempt) => attempt.outcome === 'unknown').length;
      }
      const deliveredByUser = countBy(
        push.filter((each) => each.status === 'delivered').map((each) => `${each.recipient} ${each.channel}`),
      );
      for (const { user, channel, target } of devices) {
        const got = arrived.get(target) ?? [];
        duplicates += got.length - new Set(got).size;
        expect(new Set(got).size, `${user} ${channel}`).toBeGreaterThanOrEqual(
          deliveredByUser.get(`${user} ${channel}`) ?? 0,
        );
        for (const id of got) expect(expected.get(user)).toContain(id);
      }
      expect(duplicates).toBeLessThanOrEqual(unknown);

      const states = countBy(
        deliveries.map((each) => [each.channel, each.status, each.reason].filter(Boolean).join(' ')),
      );
      console.log(
        [
          `${totals.commits} commits, ${totals.notifications} notifications, ${totals.recipients} recipients, ${expected.size} users`,
          `accepted in ${(acceptedMs / 1_000).toFixed(1)} s; ${owed} live messages to ${live.size} connections within ${(liveMs / 1_000).toFixed(1)} s, all in order, 0 duplicates`,
          `${push.length} push deliveries to ${devices.length} devices, ${duplicates} duplicates for ${unknown} unknown outcomes`,
          ...[...states].sort().map(([state, count]) => `  ${state}: ${count}`),
        ].join('\n'),
      );
    },
    3 * WAIT_MS,
  );
});

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
