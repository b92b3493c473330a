import { describe, expect, it } from 'vitest';
import type { LogContract } from './log-contract.ts';
import { eventually, numbered, startProbe, textRecords } from './log-probe.ts';

export function describeConsuming(contract: LogContract): void {
  describe('consume', () => {
    it('begins a group that has never committed at the start', async () => {
      const topic = await contract.topic();
      await contract.log.append(topic, textRecords('k', 'a', 'b'));
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.values()).toEqual(['a', 'b']));
    });

    it('pushes what is appended later', async () => {
      const topic = await contract.topic();
      const probe = await startProbe(contract.log, contract.group(), topic);
      for (const value of ['a', 'b', 'c']) {
        await contract.log.append(topic, textRecords('k', value));
        await eventually(() => expect(probe.values().at(-1)).toBe(value));
      }
      expect(probe.values()).toEqual(['a', 'b', 'c']);
    });

    it('assigns every partition once, before its first batch', async () => {
      const topic = await contract.topic({ partitions: 4 });
      await contract.log.append(
        topic,
        numbered('key', 40).flatMap((key) => textRecords(key, 'v')),
      );
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.records).toHaveLength(40));
      for (const partition of [0, 1, 2, 3]) {
        expect(probe.calls.filter((call) => call === `assigned ${partition}`)).toHaveLength(1);
        expect(probe.calls.indexOf(`assigned ${partition}`)).toBeLessThan(probe.calls.indexOf(`batch ${partition}`));
      }
    });

    it('hands a long backlog out whole and in order', async () => {
      const topic = await contract.topic({ partitions: 2 });
      const values = numbered('v', 2_500);
      for (const key of ['left', 'right', 'middle']) await contract.log.append(topic, textRecords(key, ...values));
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.records).toHaveLength(7_500));
      for (const partition of [0, 1]) {
        const offsets = probe.records.filter((record) => record.partition === partition).map(({ offset }) => offset);
        expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)));
      }
      for (const key of ['left', 'right', 'middle']) {
        const ofKey = probe.records.filter((record) => record.key === key);
        expect(ofKey.map((record) => new TextDecoder().decode(record.value))).toEqual(values);
      }
    });

    it("reads several topics and names each record's own", async () => {
      const [one, two] = [await contract.topic(), await contract.topic()];
      await contract.log.append(one, textRecords('k', 'in one'));
      await contract.log.append(two, textRecords('k', 'in two'));
      const probe = await startProbe(contract.log, contract.group(), one, two);
      await eventually(() => expect(probe.records).toHaveLength(2));
      const seen = new Map(probe.records.map((record) => [record.logTopic, new TextDecoder().decode(record.value)]));
      expect(seen).toEqual(
        new Map([
          [one, 'in one'],
          [two, 'in two'],
        ]),
      );
    });

    it('gives each group everything', async () => {
      const topic = await contract.topic();
      const [left, right] = [contract.group(), contract.group()];
      const first = await startProbe(contract.log, left, topic);
      await contract.log.append(topic, textRecords('k', 'a', 'b'));
      await eventually(() => expect(first.values()).toEqual(['a', 'b']));
      await first.commitAll();
      const second = await startProbe(contract.log, right, topic);
      await eventually(() => expect(second.values()).toEqual(['a', 'b']));
    });

    it('calls no handler after close resolved', async () => {
      const topic = await contract.topic();
      const closed = await startProbe(contract.log, contract.group(), topic);
      await contract.log.append(topic, textRecords('k', 'a'));
      await eventually(() => expect(closed.values()).toEqual(['a']));
      await closed.consumer.close();
      const calls = closed.calls.length;
      const other = await startProbe(contract.log, contract.group(), topic);
      await contract.log.append(topic, textRecords('k', 'b'));
      await eventually(() => expect(other.values()).toEqual(['a', 'b']));
      expect(closed.calls).toHaveLength(calls);
    });
  });

  describe('pause and resume', () => {
    it('holds records back after at most one more batch, then gives each once, in order', async () => {
      const topic = await contract.topic();
      const probe = await startProbe(contract.log, contract.group(), topic);
      const witness = await startProbe(contract.log, contract.group(), topic);
      await contract.log.append(topic, textRecords('k', 'a'));
      await eventually(() => expect(probe.values()).toEqual(['a']));
      probe.consumer.pause({ logTopic: topic, partition: 0 });
      await contract.log.append(topic, textRecords('k', 'b'));
      await eventually(() => expect(witness.values()).toEqual(['a', 'b']));
      await contract.log.append(topic, textRecords('k', 'c'));
      await eventually(() => expect(witness.values()).toEqual(['a', 'b', 'c']));
      expect(probe.calls.filter((call) => call === 'batch 0').length).toBeLessThanOrEqual(2);
      expect(probe.values()).not.toContain('c');
      probe.consumer.resume({ logTopic: topic, partition: 0 });
      await eventually(() => expect(probe.values()).toEqual(['a', 'b', 'c']));
    });

    it('stops one partition and no other', async () => {
      const topic = await contract.topic({ partitions: 2 });
      const probe = await startProbe(contract.log, contract.group(), topic);
      const [foobar, twentyOne] = await contract.log.append(topic, [
        ...textRecords('foobar', 'first'),
        ...textRecords('a-little-bit-longer-string', 'first'),
      ]);
      expect(foobar?.partition).not.toBe(twentyOne?.partition);
      await eventually(() => expect(probe.records).toHaveLength(2));
      probe.consumer.pause({ logTopic: topic, partition: foobar?.partition ?? -1 });
      for (const value of numbered('v', 3)) {
        await contract.log.append(topic, textRecords('foobar', value));
        await contract.log.append(topic, textRecords('a-little-bit-longer-string', value));
        await eventually(() => expect(probe.records.at(-1)?.key).toBe('a-little-bit-longer-string'));
        await eventually(() => expect(probe.values().at(-1)).toBe(value));
      }
      probe.consumer.resume({ logTopic: topic, partition: foobar?.partition ?? -1 });
      await eventually(() => expect(probe.records).toHaveLength(8));
    });

    it('may be called from inside a handler, for a partition just assigned or just delivered', async () => {
      const topic = await contract.topic();
      await contract.log.append(topic, textRecords('k', ...numbered('v', 3_000)));
      const seen: bigint[] = [];
      const consumer = await contract.log.consume(
        { group: contract.group(), logTopics: [topic] },
        {
          onAssigned: () => {},
          onBatch(partition, _, records) {
            seen.push(...records.map(({ offset }) => offset));
            consumer.pause(partition);
            setImmediate(() => consumer.resume(partition));
          },
          onRevoked: () => {},
        },
      );
      await eventually(() => expect(seen).toHaveLength(3_000));
      expect(seen).toEqual(seen.toSorted((a, b) => Number(a - b)));
    });
  });
}
