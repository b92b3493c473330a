import { randomUUID } from 'node:crypto';
import type { Hint } from '@belfry/core/backplane';
import { describeBackplane } from '@belfry/testing/backplane-contract';
import { findRedis } from '@belfry/testing/find-redis';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRedisBackplane } from './redis-backplane.ts';
import type { RedisBackplaneOptions } from './redis-options.ts';

const ARRIVAL = { timeout: 20_000, interval: 5 } as const;
const silent = { info() {}, warn() {} };
const random = createSeededRandom(1);

describeNeeding('redis', await findRedis(), 'with a Redis', ({ url }) => {
  describeBackplane('over Redis', async () => {
    const channelPrefix = `test:${randomUUID()}:`;
    return { open: () => createRedisBackplane({ url, channelPrefix, clock, random, logger: silent }) };
  });

  describe('a backplane over Redis', () => {
    let channelPrefix: string;
    let redis: Redis;
    const hint = (user: string, offset: number): Hint => ({ tenant: 'acme', user, offset });
    const create = (more: Partial<RedisBackplaneOptions> = {}) =>
      createRedisBackplane({ url, channelPrefix, clock, random, logger: silent, ...more });

    beforeEach(() => {
      channelPrefix = `test:${randomUUID()}:`;
      redis = new Redis(url);
    });
    afterEach(() => redis.disconnect());

    const channels = async (): Promise<number> =>
      ((await redis.call('PUBSUB', 'CHANNELS', `${channelPrefix}*`)) as string[]).length;

    it('asks Redis for the channels of its users and for no others, and lets go of them', async () => {
      const backplane = await create();
      const stops = Array.from({ length: 1_200 }, (_, user) =>
        backplane.subscribe('acme', `user-${user}`, () => undefined),
      );
      await vi.waitFor(async () => expect(await channels()).toBe(1_200), ARRIVAL);
      for (const stop of stops.slice(0, 700)) stop();
      await vi.waitFor(async () => expect(await channels()).toBe(500), ARRIVAL);
      await backplane.close();
      await vi.waitFor(async () => expect(await channels()).toBe(0), ARRIVAL);
    });

    it('ignores messages that are no hints, and counts them', async () => {
      let ignored = 0;
      const backplane = await create({
        onIgnored: (messages) => {
          ignored += messages;
        },
      });
      const offsets: number[] = [];
      const confirmed = vi.fn();
      backplane.subscribe('acme', 'alice', ({ offset }) => offsets.push(offset), confirmed);
      await vi.waitFor(() => expect(confirmed).toHaveBeenCalledTimes(1), ARRIVAL);
      for (const bad of ['', '{}', '-1', Buffer.of(0xff, 0)]) {
        await redis.publish(`${channelPrefix}4:acme/alice`, bad);
      }
      backplane.publish([hint('alice', 1)]);
      await vi.waitFor(() => expect(offsets).toEqual([1]), ARRIVAL);
      expect(ignored).toBe(4);
      await backplane.close();
    });

    it('tells of a gap once both ends are back after their connections were cut', async () => {
      const backplane = await create();
      const gaps = new Map<string, number>();
      const offsets: number[] = [];
      const users = Array.from({ length: 600 }, (_, user) => `user-${user}`);
      for (const user of users) {
        backplane.subscribe(
          'acme',
          user,
          ({ offset }) => offsets.push(offset),
          () => gaps.set(user, (gaps.get(user) ?? 0) + 1),
        );
      }
      const allTold = (times: number) =>
        vi.waitFor(() => expect(users.every((user) => gaps.get(user) === times)).toBe(true), ARRIVAL);
      await allTold(1);
      const clients = ((await redis.call('CLIENT', 'LIST')) as string).split('\n');
      const mine = clients.filter((line) => /name=belfry-backplane/.test(line) && line.includes('sub=600'));
      const publishers = clients.filter((line) => /name=belfry-backplane-publisher/.test(line));
      for (const line of [...mine, ...publishers])
        await redis.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(line)?.[1] ?? '');
      await allTold(2);
      backplane.publish([hint('user-599', 7)]);
      await vi.waitFor(() => expect(offsets).toEqual([7]), ARRIVAL);
      await backplane.close();
    });

    it('is there at once without a Redis, says so once, without the password', async () => {
      const lines: string[] = [];
      const logger = {
        info: () => undefined,
        warn: (fields: object, message: string) => void lines.push(JSON.stringify({ ...fields, message })),
      };
      const backplane = await create({ url: 'redis://:hunter2@127.0.0.1:1', logger, maxWaitingHints: 10 });
      backplane.subscribe('acme', 'alice', () => undefined);
      for (let turn = 0; turn < 20; turn++) {
        backplane.publish(Array.from({ length: 1_000 }, (_, offset) => hint('alice', offset)));
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await backplane.close();
      expect(lines.filter((line) => line.includes('publisher'))).toHaveLength(1);
      expect(lines.filter((line) => line.includes('subscriber'))).toHaveLength(1);
      expect(lines.filter((line) => line.includes('hints are lost'))).toHaveLength(1);
      expect(lines.join('')).not.toContain('hunter2');
    });

    it('refuses TLS settings without TLS', async () => {
      await expect(create({ tls: { ca: 'x' } })).rejects.toThrow('rediss://');
    });
  });
});
