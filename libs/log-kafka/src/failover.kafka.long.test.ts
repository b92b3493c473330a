import type { Log } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { findKafkaClusterLauncher, type LaunchedKafkaCluster } from '@belfry/testing/launch-kafka-cluster';
import { describeNeeding } from '@belfry/testing/need';
import type { Admin } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createKafka } from './kafka-client.ts';
import { openLog, silentLogger } from './kafka-log.fixture.ts';
import { createWitness, missing, startTraffic, writeSteadily } from './reading-witness.fixture.ts';

const CONSUME = {
  sessionTimeoutMs: 3_000,
  heartbeatIntervalMs: 500,
  rebalanceTimeoutMs: 5_000,
  commitTimeoutMs: 3_000,
};
const APPEND_DEADLINE_MS = 5_000;
const JOBS = { name: 'jobs', partitions: 6, retentionMs: 86_400_000, groups: ['readers'] };
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 90_000, interval: 100 });

describeNeeding('kafka', await findKafkaClusterLauncher(), 'three brokers', (launch) => {
  let cluster: LaunchedKafkaCluster;
  let log: Log;
  let admin: Admin;
  let fatal: Error[];
  let topic: string;

  beforeAll(async () => {
    cluster = await launch();
  }, 180_000);
  afterAll(() => cluster?.stop(), 60_000);
  beforeEach(async ({ task }) => {
    fatal = [];
    const prefix = `${task.id}.`;
    topic = `${prefix}jobs`;
    admin = createKafka({ brokers: cluster.brokers, clientId: 'belfry-test', logger: silentLogger }).admin();
    await admin.connect();
    log = await openLog(cluster.brokers, {
      prefix,
      topics: { replicationFactor: 3, minInsyncReplicas: 2 },
      consume: CONSUME,
      appendDeadlineMs: APPEND_DEADLINE_MS,
      onFatal: (error) => void fatal.push(error),
    });
    await log.ensureTopics([JOBS]);
  }, 60_000);
  afterEach(async () => {
    await Promise.all([log.close(), admin.disconnect()]);
  }, 60_000);

  const metadata = async () => (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]?.partitions ?? [];
  const allInSync = () =>
    eventually(async () => expect((await metadata()).every(({ isr }) => isr.length === 3)).toBe(true));

  it('go on without one of them that stays dead, whatever it led, and lose nothing', { timeout: 300_000 }, async () => {
    const { witness, tailed, writer } = await startTraffic(log);
    await eventually(() => expect(witness.handled.size).toBeGreaterThan(50));
    for (const dead of [2, 3]) {
      await allInSync();
      expect((await metadata()).filter(({ leader }) => leader === dead)).not.toEqual([]);
      await cluster.broker(dead).kill();
      const before = { confirmed: writer.confirmed.size, handled: witness.handled.size, tailed: tailed.size };
      await eventually(() => {
        expect(writer.confirmed.size).toBeGreaterThan(before.confirmed + 200);
        expect(witness.handled.size).toBeGreaterThan(before.handled + 200);
        expect(tailed.size).toBeGreaterThan(before.tailed + 200);
      });
      expect((await metadata()).filter(({ leader }) => leader === dead)).toEqual([]);
      // For as long as it takes to see that nothing has stood still on it.
      await eventually(async () =>
        expect((await log.lag('readers')).every(({ records }) => records < 100n)).toBe(true),
      );
      await cluster.broker(dead).start();
    }
    await writer.stop();
    await eventually(() => expect(missing(writer, witness)).toEqual([]));
    await eventually(() => expect([...writer.confirmed].filter((value) => !tailed.has(value))).toEqual([]));
    expect(witness.violations).toEqual([]);
    expect(fatal).toEqual([]);
  });

  it('take nothing while only one of them is in sync, keep what they took, and go on', {
    timeout: 300_000,
  }, async () => {
    const witness = createWitness('readers', 'jobs');
    await allInSync();
    const writer = writeSteadily(log, 'jobs', 10);
    await eventually(() => expect(writer.confirmed.size).toBeGreaterThan(100));
    await Promise.all([2, 3].map((nodeId) => cluster.broker(nodeId).kill()));
    const append = () =>
      log.append('jobs', [{ key: 'k', value: Buffer.from('alone') }]).catch((error: unknown) => error);
    const refused = await append();
    expect(isUnavailable(refused)).toBe(true);
    const before = writer.confirmed.size;
    await append();
    expect(writer.confirmed.size).toBe(before);
    await Promise.all([2, 3].map((nodeId) => cluster.broker(nodeId).start()));
    await eventually(() => expect(writer.confirmed.size).toBeGreaterThan(before + 100));
    await writer.stop();
    await witness.join(log);
    await eventually(() => expect(missing(writer, witness)).toEqual([]));
    expect(witness.violations).toEqual([]);
  });
});
