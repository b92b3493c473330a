import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { findToxiproxy } from '@belfry/testing/toxiproxy';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { KafkaConsumeOptions } from './consume-options.ts';
import { createKafkaAdmin } from './kafka-admin.ts';
import { createKafka } from './kafka-client.ts';
import { createKafkaConsume } from './kafka-consumer.ts';
import { openLog, silentLogger } from './kafka-log.fixture.ts';
import { createWitness, missing, startTraffic } from './reading-witness.fixture.ts';
import { type ProxiedBroker, startProxiedBroker } from './testing/proxied-broker.ts';
import { createTopicNames } from './topic-names.ts';

const CONSUME: KafkaConsumeOptions = {
  sessionTimeoutMs: 1_500,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 3_000,
  stallTimeoutMs: 4_000,
  commitTimeoutMs: 2_000,
  closeTimeoutMs: 2_000,
  fatalAfterMs: 3_000,
};
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

describeNeeding('kafka', await findKafkaLauncher(), 'consuming from a broker', (launch) => {
  describeNeeding('toxiproxy', findToxiproxy(), 'in trouble', (command) => {
    let broker: ProxiedBroker;
    let log: Log;
    let fatal: Error[];
    let prefix: string;

    beforeAll(async () => {
      broker = await startProxiedBroker(launch, command);
    }, 120_000);
    afterAll(() => broker?.stop());
    beforeEach(async () => {
      fatal = [];
      prefix = `${randomUUID()}.`;
      log = await openLog([broker.proxy.address], { prefix, consume: CONSUME, onFatal: (error) => fatal.push(error) });
      await log.ensureTopics([{ name: 'jobs', partitions: 3, retentionMs: 86_400_000, groups: ['readers'] }]);
    }, 60_000);
    afterEach(() => log.close(), 60_000);

    /** Two members and a tail, writing all the while; then everything confirmed must have come to all of them. */
    async function through(trouble: () => Promise<void>): Promise<void> {
      const { witness, tailed, writer } = await startTraffic(log);
      await eventually(() => expect(witness.handled.size).toBeGreaterThan(50));
      await trouble();
      const before = witness.handled.size;
      await eventually(() => expect(witness.handled.size).toBeGreaterThan(before + 50));
      await writer.stop();
      await eventually(() => expect(missing(writer, witness)).toEqual([]));
      await eventually(() => expect([...writer.confirmed].filter((value) => !tailed.has(value))).toEqual([]));
      await eventually(async () => {
        const lags = await log.lag('readers');
        expect(lags.map(({ records }) => records)).toEqual([0n, 0n, 0n]);
      });
      expect(witness.violations).toEqual([]);
      expect(fatal).toEqual([]);
    }

    it('goes on after the broker was killed, three times', { timeout: 240_000 }, () =>
      through(async () => {
        for (let kill = 0; kill < 3; kill++) {
          await broker.kafka.kill('SIGKILL');
          await sleep(kill * 2_500);
          await broker.kafka.start();
          await sleep(1_500);
        }
      }),
    );

    it('goes on after connections were cut, at every point', { timeout: 240_000 }, () =>
      through(async () => {
        for (let round = 0; round < 6; round++) {
          const remove = await broker.proxy.addToxic(
            round % 2 === 0
              ? { type: 'reset_peer', attributes: { timeout: 30 * round } }
              : { type: 'limit_data', attributes: { bytes: 700 * round } },
          );
          await sleep(700);
          await remove();
          await sleep(500);
        }
        await broker.proxy.disable();
        await sleep(3_000);
        await broker.proxy.enable();
      }),
    );

    it('waits while the broker hangs, however long, and calls that not fatal', { timeout: 240_000 }, () =>
      through(async () => {
        await broker.kafka.pause();
        await sleep(15_000);
        await broker.kafka.resume();
      }),
    );

    it('settles commits and close in time while the broker hangs', { timeout: 120_000 }, async () => {
      const witness = createWitness('readers', 'jobs');
      const member = await witness.join(log, { commits: false });
      await log.append('jobs', [{ key: 'k', value: Buffer.from('a') }]);
      await eventually(() => expect(witness.handled.size).toBe(1));
      await broker.kafka.pause();
      try {
        const startedMs = performance.now();
        const commits = [...member.partitions].map(([partition, generation]) =>
          member.consumer.commit({ logTopic: 'jobs', partition }, generation, 1n).then(
            () => 'resolved',
            (error: unknown) => (isUnavailable(error) ? 'unavailable' : String(error)),
          ),
        );
        expect(await Promise.all(commits)).toEqual(['unavailable', 'unavailable', 'unavailable']);
        await member.close();
        expect(performance.now() - startedMs).toBeLessThan(15_000);
      } finally {
        await broker.kafka.resume();
      }
    });

    it('is fatal when reading fails for long though the broker answers', { timeout: 120_000 }, async () => {
      const options = { clientId: 'test', logger: silentLogger, requestTimeoutMs: 1_000, connectionTimeoutMs: 1_000 };
      const admin = createKafkaAdmin(createKafka({ ...options, brokers: broker.kafka.directBrokers }));
      const consume = createKafkaConsume({
        admin,
        names: createTopicNames(prefix),
        clock: realClock,
        logger: silentLogger,
        onFatal: (error) => fatal.push(error),
        createClient: () => createKafka({ ...options, brokers: [broker.proxy.address] }),
        options: CONSUME,
      });
      const consumer = await consume(
        { group: 'readers', logTopics: ['jobs'] },
        { onAssigned: () => {}, onBatch: () => {}, onRevoked: () => {} },
      );
      const remove = await broker.proxy.addToxic({ type: 'timeout', attributes: { timeout: 0 } });
      try {
        await eventually(() => expect(fatal).toHaveLength(1));
        expect(fatal[0]?.message).toMatch(/cannot be read though the broker answers/);
      } finally {
        await remove();
        await consumer.close();
        await admin.close();
      }
    });
  });
});
