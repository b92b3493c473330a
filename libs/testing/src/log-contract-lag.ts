import { describe, expect, it } from 'vitest';
import type { LogContract } from './log-contract.ts';
import { eventually, numbered, startProbe, textRecords } from './log-probe.ts';

export function describeLag(contract: LogContract): void {
  const recordsOf = async (group: string) => {
    const lags = await contract.log.lag(group);
    return lags.toSorted((a, b) => a.partition - b.partition).map(({ records }) => records);
  };

  describe('lag', () => {
    it('counts from the start for a configured group that was never seen', async () => {
      const group = contract.group();
      const topic = await contract.topic({ partitions: 2, groups: [group] });
      expect(await recordsOf(group)).toEqual([0n, 0n]);
      const positions = await contract.log.append(
        topic,
        numbered('key', 10).flatMap((key) => textRecords(key, 'v')),
      );
      const inFirst = positions.filter(({ partition }) => partition === 0).length;
      expect(await recordsOf(group)).toEqual([BigInt(inFirst), BigInt(10 - inFirst)]);
      expect((await contract.log.lag(group)).map(({ logTopic }) => logTopic)).toEqual([topic, topic]);
    });

    it('falls with commits, whether or not the group has members', async () => {
      const group = contract.group();
      const topic = await contract.topic({ groups: [group] });
      await contract.log.append(topic, textRecords('k', ...numbered('v', 5)));
      const probe = await startProbe(contract.log, group, topic);
      await eventually(() => expect(probe.records).toHaveLength(5));
      expect(await recordsOf(group)).toEqual([5n]);
      const generation = probe.generations.get(`${topic}/0`) ?? -1;
      await probe.consumer.commit({ logTopic: topic, partition: 0 }, generation, probe.records[3]?.offset ?? 0n);
      expect(await recordsOf(group)).toEqual([2n]);
      await probe.consumer.close();
      expect(await recordsOf(group)).toEqual([2n]);
      await contract.log.append(topic, textRecords('k', 'more'));
      expect(await recordsOf(group)).toEqual([3n]);
      await contract.reopen();
      expect(await recordsOf(group)).toEqual([3n]);
    });

    it('knows a group by its commits, also where no topic is configured for it', async () => {
      const group = contract.group();
      const topic = await contract.topic();
      await contract.log.append(topic, textRecords('k', 'a'));
      const probe = await startProbe(contract.log, group, topic);
      await eventually(() => expect(probe.records).toHaveLength(1));
      await probe.commitAll();
      await probe.consumer.close();
      await contract.log.append(topic, textRecords('k', 'b', 'c'));
      expect(await recordsOf(group)).toEqual([2n]);
    });

    it('tells the age of the oldest record that is not committed', async () => {
      const group = contract.group();
      const topic = await contract.topic({ groups: [group] });
      expect((await contract.log.lag(group)).map(({ oldestAgeMs }) => oldestAgeMs)).toEqual([0]);
      await contract.log.append(topic, textRecords('k', 'a'));
      let youngerMs = 0;
      await eventually(async () => {
        youngerMs = (await contract.log.lag(group))[0]?.oldestAgeMs ?? 0;
        expect(youngerMs).toBeGreaterThanOrEqual(20);
      });
      await contract.log.append(topic, textRecords('k', 'b'));
      expect((await contract.log.lag(group))[0]?.oldestAgeMs).toBeGreaterThanOrEqual(youngerMs);
      const probe = await startProbe(contract.log, group, topic);
      await eventually(() => expect(probe.records).toHaveLength(2));
      await probe.commitAll();
      expect((await contract.log.lag(group)).map(({ oldestAgeMs }) => oldestAgeMs)).toEqual([0]);
    });
  });
}
