import type { LogTopicSettings } from '@belfry/core/log';
import { DirectoryLockedError } from '@belfry/sqlite';
import { eventually, numbered, startProbe, textRecords } from '@belfry/testing/log-probe';
import { describe, expect, it } from 'vitest';
import { createLogFolder } from './testing/log-folder.ts';

const TOPIC: LogTopicSettings = { name: 'topic', partitions: 1, retentionMs: 1e12, groups: ['reader'] };

describe('createEmbeddedLog', () => {
  it('refuses a directory that is in use, naming it and the process, until it is closed', async () => {
    const folder = await createLogFolder();
    const first = await folder.open();
    await expect(folder.open()).rejects.toThrow(DirectoryLockedError);
    await expect(folder.open()).rejects.toThrow(`${folder.directory} is in use by process ${process.pid}`);
    await first.close();
    await folder.open();
  });

  it('refuses a record above 1 MiB, naming the limit, and none of its append is stored', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([TOPIC]);
    const large = { key: 'k', value: new Uint8Array(1_048_576) };
    await expect(log.append('topic', [...textRecords('k', 'small'), large])).rejects.toThrow('limit is 1048576');
    await log.append('topic', [{ key: 'k', value: new Uint8Array(1_048_575) }]);
    expect((await log.lag('reader')).map(({ records }) => records)).toEqual([1n]);
  });

  it('keeps appends of the same turn apart when one of them is refused', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([TOPIC]);
    const [before, refused, after] = await Promise.allSettled([
      log.append('topic', textRecords('k', 'a', 'b')),
      log.append('topic', [{ key: 'k', value: new Uint8Array(2_000_000) }]),
      log.append('topic', textRecords('k', 'c')),
    ]);
    expect(before).toMatchObject({ value: [{ offset: 0n }, { offset: 1n }] });
    expect(refused.status).toBe('rejected');
    expect(after).toMatchObject({ value: [{ offset: 2n }] });
  });

  it('hands nothing out while paused, not even what was on its way', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([TOPIC]);
    await log.append('topic', textRecords('k', 'a'));
    const probe = await startProbe(log, 'reader', 'topic');
    probe.consumer.pause({ logTopic: 'topic', partition: 0 });
    const witness = await startProbe(log, 'witness', 'topic');
    await eventually(() => expect(witness.values()).toEqual(['a']));
    expect(probe.records).toEqual([]);
    probe.consumer.resume({ logTopic: 'topic', partition: 0 });
    await eventually(() => expect(probe.values()).toEqual(['a']));
  });

  it('gives partitions that a topic gains to the members and tails that are there', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([TOPIC]);
    const probe = await startProbe(log, 'reader', 'topic');
    const tailed: bigint[] = [];
    await log.tail('topic', (records) => tailed.push(...records.map(({ offset }) => offset)));
    await log.ensureTopics([{ ...TOPIC, partitions: 4 }]);
    expect(probe.generations.size).toBe(4);
    const positions = await log.append(
      'topic',
      numbered('key', 40).flatMap((key) => textRecords(key, 'v')),
    );
    expect(new Set(positions.map(({ partition }) => partition)).size).toBe(4);
    await eventually(() => expect([probe.records.length, tailed.length]).toEqual([40, 40]));
  });

  it('refuses a commit past the end', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([TOPIC]);
    const probe = await startProbe(log, 'reader', 'topic');
    const commit = probe.consumer.commit({ logTopic: 'topic', partition: 0 }, 1, 1n);
    await expect(commit).rejects.toThrow('cannot commit 1 on topic partition 0, which ends at 0');
  });

  it('rejects a commit after the log was closed, so that it does not pass for one that came too late', async () => {
    const log = await (await createLogFolder()).open();
    await log.ensureTopics([TOPIC]);
    const probe = await startProbe(log, 'reader', 'topic');
    await log.close();
    const commit = probe.consumer.commit({ logTopic: 'topic', partition: 0 }, 1, 0n);
    await expect(commit).rejects.toMatchObject({ code: 'log-unavailable' });
  });

  it('stops and reports when a handler throws', async () => {
    const folder = await createLogFolder();
    const log = await folder.open();
    await log.ensureTopics([TOPIC]);
    const onBatch = () => {
      throw new Error('cannot take it');
    };
    await log.consume(
      { group: 'reader', logTopics: ['topic'] },
      { onAssigned: () => {}, onBatch, onRevoked: () => {} },
    );
    await log.append('topic', textRecords('k', 'a'));
    await eventually(() => expect(folder.fatal.map(({ message }) => message)).toEqual(['cannot take it']));
    await expect(log.append('topic', textRecords('k', 'b'))).rejects.toMatchObject({ code: 'log-unavailable' });
  });
});
