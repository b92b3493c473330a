import { describe, expect, it } from 'vitest';
import type { LogContract } from './log-contract.ts';
import { eventually, numbered, partitionKey, startProbe, textRecords, valueText } from './log-probe.ts';

export function describeGroups(contract: LogContract): void {
  const committedLag = async (group: string, partition: number) => {
    const lags = await contract.log.lag(group);
    return lags.find((lag) => lag.partition === partition)?.records;
  };

  describe('commit', () => {
    it('makes the group continue there when the log is opened again', async () => {
      const topic = await contract.topic();
      const group = contract.group();
      await contract.log.append(topic, textRecords('k', 'a', 'b', 'c'));
      const before = await startProbe(contract.log, group, topic);
      await eventually(() => expect(before.values()).toEqual(['a', 'b', 'c']));
      const generation = before.generations.get(`${topic}/0`) ?? -1;
      const second = before.records[1];
      await before.consumer.commit({ logTopic: topic, partition: 0 }, generation, (second?.offset ?? 0n) + 1n);
      await contract.reopen();
      await contract.log.append(topic, textRecords('k', 'd'));
      const after = await startProbe(contract.log, group, topic);
      await eventually(() => expect(after.values()).toEqual(['c', 'd']));
    });

    it('is what keeps records from coming again: without it they do', async () => {
      const topic = await contract.topic();
      const group = contract.group();
      await contract.log.append(topic, textRecords('k', 'a', 'b'));
      const before = await startProbe(contract.log, group, topic);
      await eventually(() => expect(before.values()).toEqual(['a', 'b']));
      await before.consumer.close();
      await contract.reopen();
      const after = await startProbe(contract.log, group, topic);
      await eventually(() => expect(after.values()).toEqual(['a', 'b']));
    });

    it('also counts within the process, for the next member', async () => {
      const topic = await contract.topic();
      const group = contract.group();
      await contract.log.append(topic, textRecords('k', 'a', 'b'));
      const before = await startProbe(contract.log, group, topic);
      await eventually(() => expect(before.values()).toEqual(['a', 'b']));
      await before.commitAll();
      await before.consumer.close();
      const after = await startProbe(contract.log, group, topic);
      await contract.log.append(topic, textRecords('k', 'c'));
      await eventually(() => expect(after.values()).toEqual(['c']));
    });

    it('never goes back', async () => {
      const topic = await contract.topic({ groups: [] });
      const group = contract.group();
      await contract.log.append(topic, textRecords('k', 'a', 'b', 'c'));
      const before = await startProbe(contract.log, group, topic);
      await eventually(() => expect(before.records).toHaveLength(3));
      await before.commitAll();
      const generation = before.generations.get(`${topic}/0`) ?? -1;
      await before.consumer.commit({ logTopic: topic, partition: 0 }, generation, before.records[0]?.offset ?? 0n);
      await before.consumer.close();
      await contract.log.append(topic, textRecords('k', 'd'));
      const after = await startProbe(contract.log, group, topic);
      await eventually(() => expect(after.values()).toEqual(['d']));
    });

    it('of one group leaves another where it was', async () => {
      const topic = await contract.topic();
      const [left, right] = [contract.group(), contract.group()];
      await contract.log.append(topic, textRecords('k', 'a'));
      const committing = await startProbe(contract.log, left, topic);
      const reading = await startProbe(contract.log, right, topic);
      await eventually(() => expect([...committing.values(), ...reading.values()]).toEqual(['a', 'a']));
      await committing.commitAll();
      expect(await committedLag(left, 0)).toBe(0n);
      await contract.reopen();
      const again = await startProbe(contract.log, right, topic);
      await eventually(() => expect(again.values()).toEqual(['a']));
    });
  });

  describe('several members of a group', () => {
    it('have all joined once it is known who gets what, those without a partition too', async () => {
      const topic = await contract.topic({ partitions: 1 });
      const group = contract.group();
      const probes = [await startProbe(contract.log, group, topic), await startProbe(contract.log, group, topic)];
      await Promise.all(probes.map(({ consumer }) => consumer.joined));
      await eventually(() => expect(probes.map(({ generations }) => generations.size).toSorted()).toEqual([0, 1]));
    });

    it('share the partitions and get each record once', async () => {
      const topic = await contract.topic({ partitions: 4 });
      const group = contract.group();
      const first = await startProbe(contract.log, group, topic);
      const second = await startProbe(contract.log, group, topic);
      await eventually(() => expect([first.generations.size, second.generations.size]).toEqual([2, 2]));
      const values = numbered('v', 200);
      await contract.log.append(
        topic,
        values.flatMap((value, index) => textRecords(`key-${index % 40}`, value)),
      );
      await eventually(() => expect(first.records.length + second.records.length).toBe(200));
      expect(new Set([...first.values(), ...second.values()])).toEqual(new Set(values));
      const partitions = [first, second].map((probe) => new Set(probe.records.map(({ partition }) => partition)));
      expect(partitions[0]?.isDisjointFrom(partitions[1] ?? new Set())).toBe(true);
    });

    it('take over the partitions of one that leaves, at the committed offset', async () => {
      const topic = await contract.topic({ partitions: 2 });
      const group = contract.group();
      const staying = await startProbe(contract.log, group, topic);
      const leaving = await startProbe(contract.log, group, topic);
      await eventually(() => expect([staying.generations.size, leaving.generations.size]).toEqual([1, 1]));
      const keys = numbered('key', 20);
      await contract.log.append(
        topic,
        keys.flatMap((key) => textRecords(key, 'committed')),
      );
      await eventually(() => expect(staying.records.length + leaving.records.length).toBe(20));
      await leaving.commitAll();
      const mark = leaving.records.length;
      await contract.log.append(
        topic,
        keys.flatMap((key) => textRecords(key, 'open')),
      );
      await eventually(() => expect(leaving.records.length).toBe(2 * mark));
      await leaving.consumer.close();
      await eventually(() => expect(staying.generations.size).toBe(2));
      const uncommitted = leaving.records.slice(mark).map(({ key }) => key);
      await eventually(() => {
        const taken = staying.records.filter((record) => uncommitted.includes(record.key));
        expect(taken.map(valueText)).toEqual(uncommitted.map(() => 'open'));
        expect(taken.map(({ key }) => key)).toEqual(uncommitted);
      });
    });

    it('cannot commit with the generation of a partition they lost', async () => {
      const topic = await contract.topic({ partitions: 2 });
      const group = contract.group();
      await contract.log.append(
        topic,
        numbered('key', 20).flatMap((key) => textRecords(key, 'v')),
      );
      const first = await startProbe(contract.log, group, topic);
      await eventually(() => expect(first.records).toHaveLength(20));
      const old = new Map(first.generations);
      const second = await startProbe(contract.log, group, topic);
      await eventually(() => expect([first.generations.size, second.generations.size]).toEqual([1, 1]));
      const lost = first.records.findLast((record) => second.generations.has(partitionKey(record)));
      if (lost === undefined) throw new Error('the second member got no partition that has records');
      const ofLost = first.records.filter(({ partition }) => partition === lost.partition).length;
      await first.consumer.commit(lost, old.get(partitionKey(lost)) ?? -1, lost.offset + 1n);
      expect(await committedLag(group, lost.partition)).toBe(BigInt(ofLost));
    });

    it('cannot commit with an older generation of a partition they have again', async () => {
      const topic = await contract.topic({ partitions: 2 });
      const group = contract.group();
      await contract.log.append(
        topic,
        numbered('key', 20).flatMap((key) => textRecords(key, 'v')),
      );
      const first = await startProbe(contract.log, group, topic);
      await eventually(() => expect(first.records).toHaveLength(20));
      const old = new Map(first.generations);
      const second = await startProbe(contract.log, group, topic);
      await eventually(() => expect([first.generations.size, second.generations.size]).toEqual([1, 1]));
      const lost = first.records.findLast((record) => second.generations.has(partitionKey(record)));
      if (lost === undefined) throw new Error('the second member got no partition that has records');
      const ofLost = first.records.filter(({ partition }) => partition === lost.partition).length;
      await second.consumer.close();
      await eventually(() => expect(first.generations.size).toBe(2));
      expect(first.generations.get(partitionKey(lost))).toBeGreaterThan(old.get(partitionKey(lost)) ?? -1);
      await first.consumer.commit(lost, old.get(partitionKey(lost)) ?? -1, lost.offset + 1n);
      expect(await committedLag(group, lost.partition)).toBe(BigInt(ofLost));
      await first.consumer.commit(lost, first.generations.get(partitionKey(lost)) ?? -1, lost.offset + 1n);
      expect(await committedLag(group, lost.partition)).toBe(0n);
    });
  });
}
