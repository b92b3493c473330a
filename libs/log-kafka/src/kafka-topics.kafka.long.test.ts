import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { openLog } from './kafka-log.fixture.ts';

const SERVICES = 10;

describeNeeding('kafka', await findKafkaLauncher(), 'topics on a broker that was started this moment', (launch) => {
  it('are there for every process that asked for them', { timeout: 120_000 }, async () => {
    const kafka = await launch();
    const logs = await Promise.all(Array.from({ length: SERVICES }, () => openLog(kafka.brokers)));
    try {
      const appended = logs.map(async (log) => {
        await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: ['readers'] }]);
        return log.append('jobs', [{ key: 'k', value: Buffer.from('v') }]);
      });
      for (const positions of await Promise.all(appended)) expect(positions).toHaveLength(1);
    } finally {
      await Promise.all(logs.map((log) => log.close()));
      await kafka.stop();
    }
  });
});
