import { describe, expect, it } from 'vitest';
import type { LogContract } from './log-contract.ts';
import { eventually, numbered, startProbe, textRecords, valueText } from './log-probe.ts';

export function describeTail(contract: LogContract): void {
  const startTail = async (topic: string) => {
    const values: string[] = [];
    const tail = await contract.log.tail(topic, (records) => values.push(...records.map(valueText)));
    return { tail, values };
  };

  describe('tail', () => {
    it('gives everything appended after it resolved, and nothing before', async () => {
      const topic = await contract.topic({ partitions: 3 });
      const keys = numbered('key', 12);
      await contract.log.append(
        topic,
        keys.flatMap((key) => textRecords(key, 'before')),
      );
      const { values } = await startTail(topic);
      await contract.log.append(
        topic,
        keys.flatMap((key) => textRecords(key, `after ${key}`)),
      );
      await eventually(() => expect(values).toHaveLength(12));
      expect(new Set(values)).toEqual(new Set(keys.map((key) => `after ${key}`)));
    });

    it('gives each instance everything, in order', async () => {
      const topic = await contract.topic();
      const [first, second] = [await startTail(topic), await startTail(topic)];
      const expected = numbered('v', 300);
      for (const value of expected) void contract.log.append(topic, textRecords('k', value));
      await eventually(() => expect(first.values).toHaveLength(300));
      await eventually(() => expect(second.values).toHaveLength(300));
      expect(first.values).toEqual(second.values);
      expect(new Set(first.values)).toEqual(new Set(expected));
    });

    it('does not take part in groups: theirs go on as if it were not there', async () => {
      const topic = await contract.topic({ groups: ['contract-tail'] });
      const { values } = await startTail(topic);
      await contract.log.append(topic, textRecords('k', 'a'));
      await eventually(() => expect(values).toEqual(['a']));
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.values()).toEqual(['a']));
      const lags = (await contract.log.lag('contract-tail')).filter(({ logTopic }) => logTopic === topic);
      expect(lags.map(({ records }) => records)).toEqual([1n]);
    });

    it('gives nothing after it was closed, and begins anew at the end', async () => {
      const topic = await contract.topic();
      const closed = await startTail(topic);
      await contract.log.append(topic, textRecords('k', 'a'));
      await eventually(() => expect(closed.values).toEqual(['a']));
      await closed.tail.close();
      await contract.log.append(topic, textRecords('k', 'b'));
      const later = await startTail(topic);
      await contract.log.append(topic, textRecords('k', 'c'));
      await eventually(() => expect(later.values).toEqual(['c']));
      expect(closed.values).toEqual(['a']);
    });

    it('begins at the end also after the log was opened again', async () => {
      const topic = await contract.topic();
      await contract.log.append(topic, textRecords('k', 'before'));
      await contract.reopen();
      const { values } = await startTail(topic);
      await contract.log.append(topic, textRecords('k', 'after'));
      await eventually(() => expect(values).toEqual(['after']));
    });
  });
}
