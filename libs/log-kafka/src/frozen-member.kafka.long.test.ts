import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { expect, it, vi } from 'vitest';
import { openLog } from './kafka-log.fixture.ts';

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 40_000, interval: 20 });
type Said = { handled?: number; committed?: string; failed?: string; revokedBefore?: number };

describeNeeding('kafka', await findKafka(), 'a member that was frozen beyond its session', ({ brokers }) => {
  it('cannot commit any more, and does not fail for it', { timeout: 90_000 }, async () => {
    const prefix = `${randomUUID()}.`;
    const log = await openLog(brokers, { prefix, consume: { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 500 } });
    await log.ensureTopics([{ name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: ['readers'] }]);
    const records = Array.from({ length: 10 }, (_, count) => ({ key: 'k', value: Buffer.from(`${count}`) }));
    const offsets = (await log.append('jobs', records)).map(({ offset }) => offset);
    const lag = async () => (await log.lag('readers')).map(({ records: open }) => open);

    const frozen = fork(path.join(import.meta.dirname, 'frozen-member.fixture.ts'), [
      brokers.join(','),
      prefix,
      'readers',
      'jobs',
    ]);
    const said: Said[] = [];
    frozen.on('message', (message: Said) => said.push(message));
    try {
      await eventually(() => expect(said.at(-1)?.handled).toBe(10));
      frozen.kill('SIGSTOP');
      let generation = -1;
      let taken = 0;
      const consumer = await log.consume(
        { group: 'readers', logTopics: ['jobs'] },
        {
          onAssigned: (_, given) => {
            generation = given;
          },
          onBatch: (_partition, _generation, batch) => {
            taken += batch.length;
          },
          onRevoked: () => {},
        },
      );
      await eventually(() => expect(taken).toBe(10));
      await consumer.commit({ logTopic: 'jobs', partition: 0 }, generation, (offsets[3] ?? 0n) + 1n);
      expect(await lag()).toEqual([6n]);

      // Waiting in its pipe when it wakes up: it commits before it has heard that the group went on.
      frozen.send({ next: String((offsets[9] ?? 0n) + 1n) });
      frozen.kill('SIGCONT');
      await eventually(() => expect(said.some(({ committed, failed }) => committed ?? failed)).toBe(true));
      expect(said.find(({ committed, failed }) => committed ?? failed)).toMatchObject({ revokedBefore: 0 });
      expect(await lag()).toEqual([6n]);
      await consumer.commit({ logTopic: 'jobs', partition: 0 }, generation, (offsets[5] ?? 0n) + 1n);
      await consumer.close();
      await eventually(() => expect(said.filter(({ handled }) => (handled ?? 0) > 10)).not.toEqual([]));
    } finally {
      frozen.kill('SIGKILL');
      await log.close();
    }
  });
});
