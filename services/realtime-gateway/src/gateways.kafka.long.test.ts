import { randomUUID } from 'node:crypto';
import { createLogBackplane, HINTS_TOPIC_SETTINGS } from '@belfry/backplane-kafka';
import type { Backplane } from '@belfry/core/backplane';
import { createKafkaLog } from '@belfry/log-kafka';
import { findKafka } from '@belfry/testing/find-kafka';
import { findKafkaLauncher, type LaunchedKafka } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createGatewayCluster } from './gateway-cluster.fixture.ts';
import { describeGateways } from './gateways-contract.fixture.ts';

const silent = { info() {}, warn() {}, error() {} };

/** With a log of its own, as in a process of its own. */
async function open(brokers: readonly string[], prefix: string): Promise<Backplane> {
  const log = await createKafkaLog({
    brokers,
    clientId: 'belfry-gateways-test',
    prefix,
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock,
    logger: silent,
    onFatal: (error) => {
      throw error;
    },
  });
  await log.ensureTopics([HINTS_TOPIC_SETTINGS]);
  const backplane = await createLogBackplane({ log, clock, logger: silent });
  return {
    ...backplane,
    async close() {
      await backplane.close();
      await log.close();
    },
  };
}

describeNeeding('kafka', await findKafka(), 'with a Kafka', ({ brokers }) => {
  describeGateways('Kafka', () => {
    const prefix = `gateways-${randomUUID()}.`;
    return () => open(brokers, prefix);
  });
});

describeNeeding('kafka', await findKafkaLauncher(), 'with a Kafka that fails under load', (launchKafka) => {
  let kafka: LaunchedKafka;
  beforeAll(async () => {
    kafka = await launchKafka();
  }, 120_000);
  afterAll(() => kafka?.stop());

  it('misses nothing when it is killed and comes back', { timeout: 180_000 }, async () => {
    const cluster = await createGatewayCluster({ openBackplane: () => open(kafka.brokers, ''), users: 12, seed: 1 });
    const { addGateway, addFollowers, startLoad, allShown, total } = cluster;
    await addGateway();
    await addGateway();
    await addFollowers();
    const grows = async (by: number): Promise<void> => {
      const before = total();
      await vi.waitFor(() => expect(total()).toBeGreaterThan(before + by), { timeout: 30_000 });
    };

    const endLoad = startLoad(5);
    await grows(200);
    await kafka.kill();
    await grows(500);
    // Heartbeats go on while there is no Kafka.
    await endLoad();
    await allShown();
    await kafka.start();
    const endSecondLoad = startLoad(5);
    await grows(500);
    await endSecondLoad();
    await allShown();
    await cluster.stop();
  });
});
