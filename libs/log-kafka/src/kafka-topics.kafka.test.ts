import { randomUUID } from 'node:crypto';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { openLog, silentLogger } from './kafka-log.fixture.ts';

const settings = { name: 'jobs', partitions: 3, retentionMs: 86_400_000, groups: [] };

describeNeeding('kafka', await findKafka(), 'topics', ({ brokers }) => {
  const positions = async (log: Awaited<ReturnType<typeof openLog>>) => {
    const records = Array.from({ length: 60 }, (_, index) => ({ key: `key-${index}`, value: Buffer.from('v') }));
    return new Set((await log.append('jobs', records)).map(({ partition }) => partition)).size;
  };

  it('are made once by many processes at the same time', async () => {
    const prefix = `${randomUUID()}.`;
    const logs = await Promise.all(Array.from({ length: 6 }, () => openLog(brokers, { prefix })));
    await Promise.all(logs.map((log) => log.ensureTopics([settings, { ...settings, name: 'letters', partitions: 1 }])));
    expect(await Promise.all(logs.map(positions))).toEqual(logs.map(() => 3));
    await Promise.all(logs.map((log) => log.close()));
  });

  it('are neither reduced nor raised: the difference is said', async () => {
    const lines: string[] = [];
    const logger = { ...silentLogger, warn: (_: unknown, message: string) => void lines.push(message) };
    const log = await openLog(brokers, { logger });
    await log.ensureTopics([settings]);
    await log.ensureTopics([{ ...settings, partitions: 2 }]);
    expect(lines).toEqual([]);
    await log.ensureTopics([{ ...settings, partitions: 5, retentionMs: 3_600_000 }]);
    expect(lines).toEqual([
      'the log topic jobs exists with other settings and is left so: partitions is 3, not 5; retention.ms is 86400000, not 3600000',
    ]);
    expect(await positions(log)).toBe(3);
    await log.close();
  });

  it('cannot have more replicas than the cluster has brokers, and the error names the setting', async () => {
    const log = await openLog(brokers, { topics: { replicationFactor: 50, minInsyncReplicas: 2 } });
    await expect(log.ensureTopics([settings])).rejects.toThrow(
      /^topics\.replicationFactor is 50, but the cluster has \d+ brokers: the log topic jobs cannot be created$/,
    );
    await log.close();
  });

  it('have names that a broker takes', async () => {
    const log = await openLog(brokers);
    await expect(log.ensureTopics([{ ...settings, name: 'a b' }])).rejects.toThrow('name must be');
    await log.close();
  });
});
