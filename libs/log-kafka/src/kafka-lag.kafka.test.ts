import { randomUUID } from 'node:crypto';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { expect, it, vi } from 'vitest';
import { createKafka } from './kafka-client.ts';
import { openLog, silentLogger } from './kafka-log.fixture.ts';
import { createOldestRecords } from './oldest-record.ts';

const DAY_MS = 86_400_000;
const value = new Uint8Array(300);

describeNeeding('kafka', await findKafka(), 'lag of a group', ({ brokers }) => {
  const kafka = createKafka({ brokers, clientId: 'belfry-test', logger: silentLogger });

  it('counts from what is left after retention, not from what was committed before', async () => {
    const prefix = `${randomUUID()}.`;
    const log = await openLog(brokers, { prefix });
    await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: DAY_MS, groups: ['workers'] }]);
    const records = Array.from({ length: 10 }, () => ({ key: 'k', value }));
    await log.append('jobs', records);
    const admin = kafka.admin();
    await admin.connect();
    // The client deletes only in topics that it was asked about before.
    await admin.fetchTopicOffsets(`${prefix}jobs`);
    await admin.deleteTopicRecords({ topic: `${prefix}jobs`, partitions: [{ partition: 0, offset: '7' }] });
    await admin.disconnect();
    expect((await log.lag('workers')).map((lag) => lag.records)).toEqual([3n]);
    await log.close();
  });

  it('forgets a topic that was deleted', async () => {
    const prefix = `${randomUUID()}.`;
    const log = await openLog(brokers, { prefix });
    await log.ensureTopics(
      ['jobs', 'gone'].map((name) => ({ name, partitions: 1, retentionMs: DAY_MS, groups: ['workers'] })),
    );
    expect(await log.lag('workers')).toHaveLength(2);
    const admin = kafka.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [`${prefix}gone`] });
    await admin.disconnect();
    await vi.waitFor(async () => expect((await log.lag('workers')).map(({ logTopic }) => logTopic)).toEqual(['jobs']), {
      timeout: 30_000,
    });
    await log.close();
  });

  it('reads the age of a record once, however often it is asked', async () => {
    const prefix = `${randomUUID()}.`;
    const log = await openLog(brokers, { prefix });
    await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: DAY_MS, groups: [] }]);
    await log.append('jobs', [{ key: 'k', value }]);
    await log.append('jobs', [{ key: 'k', value }]);
    const oldest = createOldestRecords(kafka);
    const [first, second] = [
      await oldest.appendedAtMs(`${prefix}jobs`, 0, 0n),
      await oldest.appendedAtMs(`${prefix}jobs`, 0, 1n),
    ];
    expect(Math.abs((first ?? 0) - realClock.nowMs())).toBeLessThan(60_000);
    expect(second).toBeGreaterThanOrEqual(first ?? 0);
    expect(await oldest.appendedAtMs(`${prefix}jobs`, 0, 2n)).toBeUndefined();
    // Without its connections it still knows what it was asked last.
    await oldest.close();
    await log.close();
    expect(await oldest.appendedAtMs(`${prefix}jobs`, 0, 1n)).toBe(second);
  });
});
