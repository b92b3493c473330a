import type { LogTopicSettings } from '@belfry/core/log';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { eventually, numbered, startProbe, textRecords } from '@belfry/testing/log-probe';
import { describe, expect, it } from 'vitest';
import { isExpired } from './retention.ts';
import { createLogFolder } from './testing/log-folder.ts';

describe('isExpired', () => {
  const oldest = { offset: 10, appendedAtMs: 5_000 };
  it.each([
    ['younger than the limit', 6_000, 11, 100, undefined, false],
    ['exactly as old as the limit', 6_500, 11, 100, undefined, false],
    ['older than the limit', 6_501, 11, 100, undefined, true],
    ['older, but a group needs it', 6_501, 10, 100, undefined, false],
    ['from the future', 1, 11, 100, undefined, false],
    ['in a partition as large as its limit', 5_000, 11, 100, 100, false],
    ['in a partition larger than its limit', 5_000, 11, 101, 100, true],
    ['in one larger than its limit, but a group needs it', 5_000, 10, 101, 100, false],
  ])('decides about a record that is %s', (_, nowMs, floor, bytes, retentionBytes, expected) => {
    expect(isExpired(oldest, bytes, floor, { nowMs, retentionMs: 1_500, retentionBytes })).toBe(expected);
  });
});

describe('retention', () => {
  const settings: LogTopicSettings = { name: 'topic', partitions: 1, retentionMs: 10_000, groups: [] };

  it('removes what is older, chunk by chunk, also after the log was opened again', async () => {
    const clock = createFakeClock();
    const folder = await createLogFolder();
    const first = await folder.open({ clock });
    await first.ensureTopics([settings]);
    await first.append('topic', textRecords('k', ...numbered('old', 2_500)));
    await clock.advance(8_000);
    await first.append('topic', textRecords('k', 'young'));
    await clock.advance(3_000);
    await first.close();
    const log = await folder.open({ clock });
    expect(await log.applyRetention()).toBe(2_500);
    expect(await log.applyRetention()).toBe(0);
    const probe = await startProbe(log, 'late', 'topic');
    await eventually(() => expect(probe.values()).toEqual(['young']));
    expect(probe.records[0]?.offset).toBe(2_500n);
    expect((await log.lag('late')).map(({ records }) => records)).toEqual([1n]);
  });

  it('never removes what a configured group has not committed, even before that group was ever there', async () => {
    const clock = createFakeClock();
    const log = await (await createLogFolder()).open({ clock });
    await log.ensureTopics([{ ...settings, retentionBytes: 1, groups: ['fast', 'slow'] }]);
    await log.append('topic', textRecords('k', 'a', 'b', 'c'));
    await clock.advance(60_000);
    const fast = await startProbe(log, 'fast', 'topic');
    await eventually(() => expect(fast.records).toHaveLength(3));
    await fast.commitAll();
    expect(await log.applyRetention()).toBe(0);
    const slow = await startProbe(log, 'slow', 'topic');
    await eventually(() => expect(slow.values()).toEqual(['a', 'b', 'c']));
    await slow.consumer.commit({ logTopic: 'topic', partition: 0 }, 1, 2n);
    expect(await log.applyRetention()).toBe(2);
    expect((await log.lag('slow')).map(({ records }) => records)).toEqual([1n]);
  });

  it('keeps a partition below its size and never reuses an offset', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([{ ...settings, retentionMs: 1e12, retentionBytes: 3_000 }]);
    const record = { key: 'k', value: new Uint8Array(979) };
    await log.append('topic', [record, record, record, record, record]);
    expect(await log.applyRetention()).toBe(2);
    await log.ensureTopics([{ ...settings, retentionMs: 1e12, retentionBytes: 1 }]);
    expect(await log.applyRetention()).toBe(3);
    expect(await log.append('topic', [record])).toEqual([{ partition: 0, offset: 5n }]);
  });

  it('runs by itself at its interval', async () => {
    const clock = createFakeClock();
    const log = await (await createLogFolder()).open({ clock, retentionIntervalMs: 30_000 });
    await log.ensureTopics([settings]);
    await log.append('topic', textRecords('k', 'a'));
    await clock.advance(30_000);
    const late = await startProbe(log, 'late', 'topic');
    await eventually(async () => expect((await log.lag('late')).map(({ records }) => records)).toEqual([0n]));
    expect(late.records).toEqual([]);
    await eventually(() => expect(clock.pending).toBe(1));
    await log.close();
    expect(clock.pending).toBe(0);
  });
});
