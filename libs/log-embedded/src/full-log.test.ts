import type { LogTopicSettings } from '@belfry/core/log';
import { createFakeClock } from '@belfry/testing/fake-clock';
import { eventually, startProbe, textRecords } from '@belfry/testing/log-probe';
import { describe, expect, it } from 'vitest';
import { createLogFolder } from './testing/log-folder.ts';

const TOPIC: LogTopicSettings = { name: 'topic', partitions: 1, retentionMs: 1_000, groups: ['reader'] };
const LARGE = { key: 'k', value: new Uint8Array(100_000) };
const FULL = { name: 'UnavailableError', code: 'log-full' };

describe('a full log', () => {
  it('refuses appends above its size, still serves readers, and takes records again after retention', async () => {
    const clock = createFakeClock();
    const folder = await createLogFolder();
    const log = await folder.open({ clock, maxFileBytes: 1_000_000 });
    await log.ensureTopics([TOPIC]);
    const probe = await startProbe(log, 'reader', 'topic');
    let stored = 0;
    const fill = async () => {
      for (;;) {
        await log.append('topic', [LARGE]);
        stored += 1;
      }
    };
    await expect(fill()).rejects.toMatchObject(FULL);
    expect(stored).toBeGreaterThan(5);
    await expect(log.append('topic', [LARGE])).rejects.toMatchObject(FULL);
    await eventually(() => expect(probe.records).toHaveLength(stored));

    const [refused] = await Promise.allSettled([log.append('topic', [LARGE]), probe.commitAll()]);
    expect(refused).toMatchObject({ status: 'rejected', reason: FULL });
    expect((await log.lag('reader')).map(({ records }) => records)).toEqual([0n]);

    await clock.advance(2_000);
    expect(await log.applyRetention()).toBe(stored);
    expect(await log.append('topic', [LARGE])).toEqual([{ partition: 0, offset: BigInt(stored) }]);
    await eventually(() => expect(probe.records).toHaveLength(stored + 1));
    expect(folder.fatal).toEqual([]);
  });

  it('refuses appends while the disk has less free than the floor', async () => {
    const folder = await createLogFolder();
    const above = await folder.open({ minFreeBytes: 2 ** 60 });
    await above.ensureTopics([TOPIC]);
    await expect(above.append('topic', textRecords('k', 'a'))).rejects.toMatchObject(FULL);
    await expect(above.append('topic', textRecords('k', 'a'))).rejects.toThrow(/bytes free; the log keeps/);
    await above.close();
    const below = await folder.open({ minFreeBytes: 0 });
    expect(await below.append('topic', textRecords('k', 'a'))).toEqual([{ partition: 0, offset: 0n }]);
  });
});
