import { randomUUID } from 'node:crypto';
import { type BackplaneLogger, createRedisBackplane } from '@belfry/backplane-redis';
import type { Backplane } from '@belfry/core/backplane';
import { findRedis } from '@belfry/testing/find-redis';
import { findRedisLauncher, type LaunchedRedis } from '@belfry/testing/launch-redis';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createGatewayCluster } from './gateway-cluster.fixture.ts';
import { describeGateways } from './gateways-contract.fixture.ts';

/** Of the publisher one that it uses, of each gateway two. */
const CONNECTIONS = 5;

const silent: BackplaneLogger = { info() {}, warn() {} };
const open = (url: string, channelPrefix: string, logger = silent) =>
  createRedisBackplane({
    url,
    channelPrefix,
    answerTimeoutMs: 2_000,
    clock,
    random: createSeededRandom(1),
    logger,
  });

describeNeeding('redis', await findRedis(), 'with a Redis', ({ url }) => {
  describeGateways('Redis', () => {
    const channelPrefix = `test:${randomUUID()}:`;
    return () => open(url, channelPrefix);
  });
});

describeNeeding('redis', await findRedisLauncher(), 'with a Redis that fails under load', (launchRedis) => {
  let redis: LaunchedRedis;
  beforeAll(async () => {
    redis = await launchRedis();
  }, 90_000);
  afterAll(() => redis?.stop());

  const faults = [
    { fault: 'is killed', lose: () => redis.kill(), restore: () => redis.start() },
    { fault: 'is frozen', lose: () => redis.pause(), restore: () => redis.resume() },
  ];
  it.each(faults)('misses nothing and waits for no heartbeat when it $fault and comes back', async (each) => {
    const lost = new Set<string>();
    let opened = 0;
    const openLogged = (): Promise<Backplane> => {
      const process = ++opened;
      const warn = (fields: { readonly role?: string }, message: string): void => {
        if (message.includes('no connection')) lost.add(`${process} ${fields.role}`);
      };
      return open(redis.url, 'belfry:', { info() {}, warn });
    };
    // Heartbeats would take longer than the test may.
    const cluster = await createGatewayCluster({
      openBackplane: openLogged,
      limits: { heartbeatMs: 300_000 },
      users: 12,
      seed: 1,
    });
    const { addGateway, addFollowers, startLoad, allShown, total } = cluster;
    await addGateway();
    await addGateway();
    await addFollowers();
    const grows = async (by: number): Promise<void> => {
      const before = total();
      await vi.waitFor(() => expect(total()).toBeGreaterThan(before + by), { timeout: 30_000 });
    };

    const endFirstLoad = startLoad(5);
    await grows(200);
    await each.lose();
    await grows(200);
    await endFirstLoad();
    // Not one hint of these is published: only the news of the gap can make a gateway look.
    const endSecondLoad = startLoad(5, { lost: 1, doubled: 0, late: 0 });
    await grows(200);
    await vi.waitFor(() => expect(lost.size).toBe(CONNECTIONS), { timeout: 30_000 });
    await endSecondLoad();
    await each.restore();
    await allShown();

    const endThirdLoad = startLoad(5);
    await grows(200);
    await endThirdLoad();
    await allShown();
    await cluster.stop();
  });
});
