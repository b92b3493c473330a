import type { Backplane, Hint } from '@belfry/core/backplane';
import { findRedisLauncher, type LaunchedRedis } from '@belfry/testing/launch-redis';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createRedisBackplane } from './redis-backplane.ts';

const ARRIVAL = { timeout: 30_000, interval: 10 } as const;
const USERS = Array.from({ length: 1_100 }, (_, user) => `user-${user}`);
const WAITING = 2_000;
/** One to publish in each of the two, and one to subscribe. */
const CONNECTIONS = 3;
/** In one pipeline, whose fate is unknown. */
const UNDER_WAY = 1_000;

const hint = (user: string, offset: number): Hint => ({ tenant: 'acme', user, offset, frame: `frame ${offset}` });
const burst = (count: number, from: number): Hint[] =>
  Array.from({ length: count }, (_, index) => hint(USERS[index % USERS.length] ?? '', from + index));
const turn = () => new Promise((resolve) => setImmediate(resolve));

describeNeeding('redis', await findRedisLauncher(), 'a Redis that fails', (launchRedis) => {
  let redis: LaunchedRedis;
  let publisher: Backplane;
  let subscriber: Backplane;
  let lost: number;
  let lines: string[];
  /** By user: the last offset heard of, and how often a gap was told. */
  let heardOf: Map<string, number>;
  let gaps: Map<string, number>;

  beforeAll(async () => {
    redis = await launchRedis({ args: ['--client-output-buffer-limit', 'pubsub', '256kb', '0', '0'] });
  }, 90_000);
  afterAll(() => redis?.stop());

  beforeEach(async () => {
    lost = 0;
    lines = [];
    heardOf = new Map();
    gaps = new Map();
    const log = (fields: object, message: string) => void lines.push(JSON.stringify({ message, ...fields }));
    const create = () =>
      createRedisBackplane({
        url: redis.url,
        answerTimeoutMs: 2_000,
        connectTimeoutMs: 1_000,
        maxWaitingHints: WAITING,
        clock,
        random: createSeededRandom(1),
        logger: { info: log, warn: log },
        onLost(hints) {
          lost += hints;
        },
      });
    publisher = await create();
    subscriber = await create();
    for (const user of USERS) {
      subscriber.subscribe(
        'acme',
        user,
        ({ offset }) => heardOf.set(user, offset),
        () => gaps.set(user, (gaps.get(user) ?? 0) + 1),
      );
    }
    await gapsTold(1);
  });
  afterEach(async () => {
    await publisher.close();
    await subscriber.close();
  });

  const gapsTold = (times: number) =>
    vi.waitFor(() => expect(USERS.every((user) => (gaps.get(user) ?? 0) >= times)).toBe(true), ARRIVAL);
  /** Hints get through again, to all. */
  const recovers = async (offset: number): Promise<void> => {
    await vi.waitFor(() => {
      publisher.publish(USERS.filter((user) => heardOf.get(user) !== offset).map((user) => hint(user, offset)));
      expect(USERS.every((user) => heardOf.get(user) === offset)).toBe(true);
    }, ARRIVAL);
  };
  /** 20 turns of 1,000 hints each, none of which waits for anything. */
  const publishAll = async (): Promise<number> => {
    for (let times = 0; times < 20; times++) {
      publisher.publish(burst(1_000, 1_000 * times));
      await turn();
    }
    return 20_000;
  };

  it('is killed and comes back: publishers go on, memory is bounded, subscriptions return and tell of the gap', async () => {
    await recovers(1);
    await redis.kill();
    const published = await publishAll();
    await vi.waitFor(
      () => expect(lines.filter((line) => line.includes('no connection')).length).toBeGreaterThanOrEqual(CONNECTIONS),
      ARRIVAL,
    );
    expect(lost).toBeGreaterThanOrEqual(published - WAITING - UNDER_WAY);
    await redis.start();
    await gapsTold(2);
    await recovers(1_000_000);
    await vi.waitFor(
      () => expect(lines.filter((line) => line.includes('Redis is back')).length).toBeGreaterThanOrEqual(CONNECTIONS),
      ARRIVAL,
    );
    expect(lines.filter((line) => line.includes('hints are lost'))).toHaveLength(1);
  });

  it('is frozen and thawed: it is noticed without a word from the other side', async () => {
    await recovers(1);
    await redis.pause();
    const published = await publishAll();
    expect(lost).toBeGreaterThanOrEqual(published - WAITING - UNDER_WAY);
    await vi.waitFor(
      () => expect(lines.filter((line) => line.includes('no connection')).length).toBeGreaterThanOrEqual(CONNECTIONS),
      ARRIVAL,
    );
    await redis.resume();
    await gapsTold(2);
    await recovers(1_000_000);
  });

  it('drops a subscriber that reads too slowly: its subscriptions return', async () => {
    const other = new Redis(redis.url);
    const script = `for i = 1, 2000 do redis.call('PUBLISH', ARGV[1], '1:' .. string.rep('x', 1024)) end`;
    await other.eval(script, 0, 'belfry:hint:4:acme/user-0');
    other.disconnect();
    await gapsTold(2);
    await recovers(1_000_000);
  });

  it('is closed while nothing can be sent', async () => {
    await redis.pause();
    publisher.publish(burst(5_000, 1));
    await turn();
    await Promise.all([publisher.close(), subscriber.close()]);
    await redis.resume();
  });
});
