import { describe, expect, it } from 'vitest';
import type { LogContract } from './log-contract.ts';
import { eventually, numbered, startProbe, textRecords } from './log-probe.ts';

/** Hashes that Kafka's Java client publishes in its own tests; the partition is the low 31 bits modulo the partitions. */
const JAVA_MURMUR2: readonly [key: string, hash: number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
];

export function describeAppending(contract: LogContract): void {
  describe('append', () => {
    it('resolves with a position for each record, offsets growing in the order given', async () => {
      const topic = await contract.topic();
      const first = await contract.log.append(topic, textRecords('k', 'a', 'b', 'c'));
      const second = await contract.log.append(topic, textRecords('k', 'd'));
      const offsets = [...first, ...second].map(({ offset }) => offset);
      expect(offsets).toHaveLength(4);
      expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)));
      expect(new Set(offsets).size).toBe(4);
    });

    it('resolves with nothing for nothing', async () => {
      expect(await contract.log.append(await contract.topic(), [])).toEqual([]);
    });

    it.each([1, 3, 7, 12])(
      'puts keys into the partitions that a Java client would choose of %d',
      async (partitions) => {
        const topic = await contract.topic({ partitions });
        const positions = await contract.log.append(
          topic,
          JAVA_MURMUR2.flatMap(([key]) => textRecords(key, 'x')),
        );
        expect(positions.map(({ partition }) => partition)).toEqual(
          JAVA_MURMUR2.map(([, hash]) => (hash & 0x7fffffff) % partitions),
        );
      },
    );

    it('gives records back as they were: keys, headers, bytes', async () => {
      const topic = await contract.topic();
      const group = contract.group();
      const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const written = [
        { key: 'plain', value: everyByte, headers: { 'content-type': 'application/json', empty: '' } },
        { key: 'Schlüssel-鍵-🔔', value: new TextEncoder().encode('Wert-値-🔔'), headers: { ключ: 'значение-🔔' } },
        { key: 'no headers', value: new Uint8Array([0]), headers: {} },
        { key: 'empty value', value: new Uint8Array(0), headers: { a: '1' } },
        { key: 'large', value: new Uint8Array(500_000).fill(0xab), headers: {} },
      ];
      const before = Date.now();
      const positions = await contract.log.append(topic, written);
      const after = Date.now();
      const probe = await startProbe(contract.log, group, topic);
      await eventually(() => expect(probe.records).toHaveLength(written.length));
      for (const [index, record] of probe.records.entries()) {
        const { key, value, headers } = written[index] ?? {};
        expect({ key: record.key, headers: record.headers }).toEqual({ key, headers });
        expect(Buffer.from(record.value).equals(value ?? new Uint8Array(1))).toBe(true);
        expect(record).toMatchObject({ logTopic: topic, ...positions[index] });
        // A broker on another machine may stamp the time: its clock is allowed to differ.
        expect(record.appendedAtMs).toBeGreaterThan(before - 60_000);
        expect(record.appendedAtMs).toBeLessThan(after + 60_000);
      }
    });

    it('takes a record without headers', async () => {
      const topic = await contract.topic();
      await contract.log.append(topic, [{ key: 'k', value: new Uint8Array([1]) }]);
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.records.map(({ headers }) => headers)).toEqual([{}]));
    });

    it('is not disturbed by a caller who reuses the buffer after it resolved', async () => {
      const topic = await contract.topic();
      const value = new Uint8Array([1, 2, 3]);
      await contract.log.append(topic, [{ key: 'k', value }]);
      value.fill(9);
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.records.map((record) => [...record.value])).toEqual([[1, 2, 3]]));
    });

    it('gives 1,000 concurrent appends 1,000 offsets and loses none', async () => {
      const topic = await contract.topic();
      const values = numbered('v', 1_000);
      const positions = await Promise.all(values.map((value) => contract.log.append(topic, textRecords('k', value))));
      expect(new Set(positions.flat().map(({ offset }) => offset)).size).toBe(1_000);
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(new Set(probe.values())).toEqual(new Set(values)));
      expect(probe.records).toHaveLength(1_000);
    });

    it('keeps the order of a key over calls made one after the other', async () => {
      const topic = await contract.topic({ partitions: 3 });
      const keys = numbered('key', 20);
      await Promise.all(
        keys.map(async (key) => {
          for (const value of numbered('v', 10)) await contract.log.append(topic, textRecords(key, value));
        }),
      );
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.records).toHaveLength(200));
      for (const key of keys) {
        const ofKey = probe.records.filter((record) => record.key === key);
        expect(ofKey.map((record) => new TextDecoder().decode(record.value))).toEqual(numbered('v', 10));
      }
    });

    it('rejects for a topic that does not exist', async () => {
      await expect(contract.log.append('contract-missing', textRecords('k', 'v'))).rejects.toThrow(/contract-missing/);
    });
  });

  describe('close', () => {
    it('waits for appends that were on their way', async () => {
      const topic = await contract.topic();
      const appended = contract.log.append(topic, textRecords('k', 'last'));
      await contract.log.close();
      expect(await appended).toHaveLength(1);
      await contract.reopen();
      const probe = await startProbe(contract.log, contract.group(), topic);
      await eventually(() => expect(probe.values()).toEqual(['last']));
    });

    it('makes every later call reject', async () => {
      const topic = await contract.topic();
      const { log } = contract;
      await log.close();
      const handler = { onAssigned: () => {}, onBatch: () => {}, onRevoked: () => {} };
      await expect(log.append(topic, textRecords('k', 'v'))).rejects.toThrow();
      await expect(log.consume({ group: 'g', logTopics: [topic] }, handler)).rejects.toThrow();
      await expect(log.tail(topic, () => {})).rejects.toThrow();
      await expect(log.lag('g')).rejects.toThrow();
      await expect(log.ensureTopics([])).rejects.toThrow();
    });
  });

  describe('ensureTopics', () => {
    it('can be repeated, also at the same time, and never reduces partitions', async () => {
      const name = await contract.topic({ partitions: 5 });
      const settings = { name, partitions: 5, retentionMs: 86_400_000, groups: [] };
      await contract.log.append(name, textRecords('k', 'kept'));
      await Promise.all([contract.log.ensureTopics([settings]), contract.log.ensureTopics([settings])]);
      await contract.log.ensureTopics([{ ...settings, partitions: 2 }]);
      const positions = await contract.log.append(
        name,
        numbered('key', 100).flatMap((key) => textRecords(key, 'v')),
      );
      expect(new Set(positions.map(({ partition }) => partition)).size).toBe(5);
      const probe = await startProbe(contract.log, contract.group(), name);
      await eventually(() => expect(probe.values()).toContain('kept'));
    });
  });
}
