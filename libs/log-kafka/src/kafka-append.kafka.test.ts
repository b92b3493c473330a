import { randomUUID } from 'node:crypto';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import kafkajs from 'kafkajs';
import { expect, it, vi } from 'vitest';
import { createKafka } from './kafka-client.ts';
import { collect, openLog, silentLogger } from './kafka-log.fixture.ts';

const KIB = 1_024;
const settings = { name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: [] };
const record = (bytes: number, fill = 1) => ({ key: 'k', value: new Uint8Array(bytes).fill(fill) });

describeNeeding('kafka', await findKafka(), 'append to a broker', ({ brokers }) => {
  it('takes 1 MiB as one record, refuses more by itself, and its neighbours do not suffer', async () => {
    const log = await openLog(brokers);
    await log.ensureTopics([settings]);
    const [before, large, tooLarge, after] = await Promise.allSettled([
      log.append('jobs', [record(10)]),
      log.append('jobs', [record(1_024 * KIB)]),
      log.append('jobs', [record(10), record(1_200 * KIB)]),
      log.append('jobs', [record(10)]),
    ]);
    expect([before?.status, large?.status, after?.status]).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(String(tooLarge?.status === 'rejected' && tooLarge.reason)).toMatch(
      /^RangeError: a record for jobs takes \d+ bytes; the broker's max\.message\.bytes for it is 1114112$/,
    );
    await log.close();
  });

  it('finds the one record that the broker refuses after the limit was lowered behind our back', async () => {
    const prefix = `${randomUUID()}.`;
    const log = await openLog(brokers, { prefix });
    await log.ensureTopics([settings]);
    await log.append('jobs', [record(10)]);
    await setMaxMessageBytes(brokers, `${prefix}jobs`, 50_000);
    const results = await Promise.allSettled([
      log.append('jobs', [record(10)]),
      log.append('jobs', [record(100_000)]),
      log.append('jobs', [record(20_000)]),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(String(results[1]?.status === 'rejected' && results[1].reason)).toMatch(
      /^RangeError: the broker does not take this append to jobs: MESSAGE_TOO_LARGE/,
    );
    await log.close();
  });

  it('splits what no single batch holds, and keeps its order', { timeout: 60_000 }, async () => {
    const log = await openLog(brokers);
    await log.ensureTopics([settings]);
    const values = Array.from({ length: 40 }, (_, index) => record(200 * KIB, index));
    const positions = await log.append('jobs', values);
    const offsets = positions.map(({ offset }) => offset);
    expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)));
    const records = await collect(log, 'jobs');
    await vi.waitFor(() => expect(records).toHaveLength(40), { timeout: 30_000 });
    expect(records.map(({ value }) => value[0])).toEqual(Array.from({ length: 40 }, (_, index) => index));
    await log.close();
  });

  it('says unavailable where nobody listens', async () => {
    await expect(openLog(['127.0.0.1:9'])).rejects.toMatchObject({
      code: 'log-unavailable',
      message: expect.stringMatching(/^connecting to Kafka failed: .*ECONNREFUSED/),
    });
  });
});

async function setMaxMessageBytes(brokers: readonly string[], name: string, bytes: number): Promise<void> {
  const admin = createKafka({ brokers, clientId: 'belfry-test', logger: silentLogger }).admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: `${bytes}` }];
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name, configEntries }],
  });
  await admin.disconnect();
}
