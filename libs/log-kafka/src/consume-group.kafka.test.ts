import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@belfry/core/log';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import kafkajs from 'kafkajs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openLog, silentLogger } from './kafka-log.fixture.ts';
import type { KafkaLogger } from './kafka-logger.ts';
import { createWitness, missing, type WitnessedMember, writeSteadily } from './reading-witness.fixture.ts';

/** The shortest session that a broker allows by default. */
const SESSION_MS = 6_000;
const CONSUME = { sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 300, metadataMaxAgeMs: 500 };
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 40_000, interval: 20 });

describeNeeding('kafka', await findKafka(), 'a consumer group', ({ brokers }) => {
  let log: Log;
  let prefix: string;
  let errors: string[];
  const group = 'readers';
  const logTopic = 'jobs';
  const logger: KafkaLogger = { ...silentLogger, error: (_, message) => errors.push(message) };

  beforeEach(async () => {
    prefix = `${randomUUID()}.`;
    errors = [];
    log = await openLog(brokers, { prefix, consume: CONSUME, logger });
  });
  afterEach(() => log.close());

  const ensure = (partitions: number) =>
    log.ensureTopics([{ name: logTopic, partitions, retentionMs: 86_400_000, groups: [group] }]);
  const append = (...values: readonly string[]) =>
    log.append(
      logTopic,
      values.map((value) => ({ key: 'k', value: Buffer.from(value) })),
    );
  const open = async () => (await log.lag(group)).reduce((sum, { records }) => sum + records, 0n);

  it('gives out everything in order while members come and go', { timeout: 120_000 }, async () => {
    await ensure(6);
    const random = createSeededRandom(7);
    const witness = createWitness(group, logTopic);
    const writer = writeSteadily(log, logTopic, 2);
    const members: WitnessedMember[] = [await witness.join(log), await witness.join(log)];
    for (let round = 0; round < 12; round++) {
      if (members.length > 1 && (members.length === 4 || random.next() < 0.5)) {
        await members.splice(Math.floor(random.next() * members.length), 1)[0]?.close();
      } else members.push(await witness.join(log));
      await sleep(random.next() * 1_500);
    }
    await writer.stop();
    await eventually(() => expect(missing(writer, witness)).toEqual([]));
    await eventually(async () => expect(await open()).toBe(0n));
    expect(witness.violations).toEqual([]);
    expect(writer.confirmed.size).toBeGreaterThan(500);
    await Promise.all(members.map((member) => member.close()));
  });

  it('keeps a member that has paused everything for longer than its session', { timeout: 60_000 }, async () => {
    await ensure(3);
    const witness = createWitness(group, logTopic);
    const member = await witness.join(log, {
      onAssigned: (partition) => setImmediate(() => member.consumer.pause(partition)),
    });
    await eventually(() => expect(member.partitions.size).toBe(3));
    const writer = writeSteadily(log, logTopic, 20);
    await sleep(SESSION_MS * 1.5);
    await writer.stop();
    expect(witness.handled.size).toBe(0);
    for (const partition of member.partitions.keys()) member.consumer.resume({ logTopic, partition });
    await eventually(() => expect(missing(writer, witness)).toEqual([]));
    expect([witness.assignments, member.revocations, witness.violations]).toEqual([3, 0, []]);
  });

  it('loses nothing that was fetched when a partition is paused, however often', { timeout: 60_000 }, async () => {
    await ensure(4);
    const witness = createWitness(group, logTopic);
    const writer = writeSteadily(log, logTopic, 1);
    const member = await witness.join(log);
    await eventually(() => expect(member.partitions.size).toBe(4));
    for (let round = 0; round < 200; round++) {
      const partition = { logTopic, partition: round % 4 };
      member.consumer.pause(partition);
      await sleep(round % 7);
      member.consumer.resume(partition);
    }
    await writer.stop();
    await eventually(() => expect(missing(writer, witness)).toEqual([]));
    expect(witness.violations).toEqual([]);
    expect([...witness.handled.values()].filter((times) => times > 1)).toEqual([]);
  });

  it('notices partitions that are added, and reads them from their start', { timeout: 60_000 }, async () => {
    await ensure(2);
    const witness = createWitness(group, logTopic);
    const member = await witness.join(log);
    await eventually(() => expect(member.partitions.size).toBe(2));
    const tailed: string[] = [];
    await log.tail(logTopic, (records) => tailed.push(...records.map(({ value }) => Buffer.from(value).toString())));
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: prefix + logTopic, count: 5 }] }));
    const other = await openLog(brokers, { prefix });
    const writer = writeSteadily(other, logTopic, 5);
    await eventually(() => expect(member.partitions.size).toBe(5));
    await writer.stop();
    await other.close();
    await eventually(() => expect(missing(writer, witness)).toEqual([]));
    await eventually(() => expect(writer.confirmed.difference(new Set(tailed)).size).toBe(0));
  });

  it('reads on from what is left when records are removed before it got there, and says so', async () => {
    await ensure(1);
    const seen: string[] = [];
    const witness = createWitness(group, logTopic);
    const member = await witness.join(log, {
      onBatch: (records) => seen.push(...records.map(({ value }) => Buffer.from(value).toString())),
    });
    await append('a', 'b');
    await eventually(() => expect(seen).toEqual(['a', 'b']));
    await eventually(async () => expect(await open()).toBe(0n));
    member.consumer.pause({ logTopic, partition: 0 });
    // More than is fetched ahead for a paused partition.
    const large = 'x'.repeat(1_000_000);
    const PLENTY = 6;
    await append(...Array.from({ length: PLENTY }, () => large), 'c', 'd', 'e');
    await withAdmin(async (admin) => {
      const topic = prefix + logTopic;
      // The client looks the leader up in what it knows of the topic, and asks nobody.
      await admin.fetchTopicOffsets(topic);
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: `${PLENTY + 4}` }] });
    });
    member.consumer.resume({ logTopic, partition: 0 });
    await eventually(() => expect(seen.filter((text) => text !== large)).toEqual(['a', 'b', 'e']));
    expect(seen.length).toBeLessThan(PLENTY + 3);
    await eventually(async () => expect(await open()).toBe(0n));
    expect(errors[0]).toMatch(/is gone/);
  });

  it('begins anew, never at the end, where it stands beyond the end', async () => {
    await ensure(1);
    await append('a', 'b');
    const groupId = prefix + group;
    const topic = prefix + logTopic;
    // The client commits it by the way of a consumer, and now and then stops that before it has.
    await eventually(() =>
      withAdmin(async (admin) => {
        await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '500' }] });
        const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
        expect(committed?.partitions[0]?.offset).toBe('500');
      }),
    );
    const witness = createWitness(group, logTopic);
    await witness.join(log);
    await eventually(() => expect([...witness.handled.keys()]).toEqual(['a', 'b']));
    await append('c');
    await eventually(() => expect([...witness.handled.keys()]).toEqual(['a', 'b', 'c']));
    await eventually(async () => expect(await open()).toBe(0n));
    expect(errors[0]).toMatch(/lost records/);
  });

  it('leaves no group of a tail behind', async () => {
    await ensure(1);
    const tail = await log.tail(logTopic, () => {});
    const tails = () =>
      withAdmin(async (admin) =>
        (await admin.listGroups()).groups.filter(({ groupId }) => groupId.startsWith(`${prefix}tail.`)),
      );
    expect(await tails()).toHaveLength(1);
    await tail.close();
    expect(await tails()).toHaveLength(0);
  });

  async function withAdmin<Result>(use: (admin: kafkajs.Admin) => Promise<Result>): Promise<Result> {
    const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING });
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await use(admin);
    } finally {
      await admin.disconnect();
    }
  }
});
