import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LogTopicSettings } from '@belfry/core/log';
import { eventually, startProbe, textRecords } from '@belfry/testing/log-probe';
import { realClock } from '@belfry/testing/real-clock';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEmbeddedLog } from './embedded-log.ts';
import { HighWater } from './high-water.ts';
import { LogCorruption } from './log-corruption.ts';
import { createLogFolder, type LogFolder } from './testing/log-folder.ts';

const TOPIC: LogTopicSettings = { name: 'topic', partitions: 1, retentionMs: 1e12, groups: ['reader'] };

/** A log's file with five records, of which the group has committed one. */
let intact: Buffer;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-log-'));
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await createEmbeddedLog({ directory, clock: realClock, onFatal });
  await log.ensureTopics([TOPIC]);
  await log.append('topic', textRecords('k', 'first', 'second', 'third', 'fourth', 'fifth'));
  const probe = await startProbe(log, 'reader', 'topic');
  await probe.consumer.commit({ logTopic: 'topic', partition: 0 }, 1, 1n);
  await log.close();
  intact = readFileSync(join(directory, 'log.db'));
  await rm(directory, { recursive: true });
});

async function damaged(damage: (file: string) => void): Promise<LogFolder> {
  const folder = await createLogFolder();
  const file = join(folder.directory, 'log.db');
  writeFileSync(file, intact);
  new HighWater(folder.directory).note(5);
  damage(file);
  return folder;
}

function execute(sql: string): (file: string) => void {
  return (file) => {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  };
}

function replaceText(from: string, to: string): (file: string) => void {
  return (file) => {
    const bytes = readFileSync(file);
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    bytes.write(to, at);
    writeFileSync(file, bytes);
  };
}

describe('a damaged log', () => {
  it.each([
    ['a byte changed', replaceText('third', 'thiry'), 2, 'the checksum is wrong'],
    ['it is lost', execute('delete from records_1 where offset = 2'), 2, 'found offset 3 in its place'],
    [
      'it was exchanged with another',
      execute(`update records_1 set data = (select data from records_1 where offset = 3) where offset = 2`),
      2,
      'the checksum is wrong',
    ],
    [
      'nothing is left',
      // As a damaged page may read, whatever the table allows.
      execute(`alter table records_1 rename to intact; create table records_1 (offset integer primary key, data);
        insert into records_1 select offset, iif(offset = 2, null, data) from intact; drop table intact`),
      2,
      'what is stored is no record',
    ],
  ])('stops at the record of which %s, and hands nothing wrong out', async (_, damage, offset, reason) => {
    const folder = await damaged(damage);
    const log = await folder.open();
    const probe = await startProbe(log, 'reader', 'topic');
    await eventually(() => expect(folder.fatal).toHaveLength(1));
    const [fatal] = folder.fatal;
    expect(fatal).toBeInstanceOf(LogCorruption);
    expect(fatal).toMatchObject({ code: 'log-corrupt', detail: { logTopic: 'topic', partition: 0, offset } });
    expect(fatal?.message).toContain(`topic partition 0 offset ${offset}: ${reason}`);
    expect(probe.records).toEqual([]);
    await expect(log.append('topic', textRecords('k', 'more'))).rejects.toMatchObject({ code: 'log-unavailable' });
    await expect(log.lag('reader')).rejects.toMatchObject({ code: 'log-unavailable' });
    expect(folder.fatal).toHaveLength(1);
  });

  it.each([
    ['the last records are lost', execute('delete from records_1 where offset > 2'), 'records 0 to 4 should be stored'],
    ['the first record is lost', execute('delete from records_1 where offset = 0'), 'found 1 to 4'],
    ['the end was moved', execute('update partitions set next = 3'), 'a row of partitions does not match'],
    ['a topic is lost', execute('delete from topics'), 'rows are missing'],
    ['a partition is lost', execute('delete from partitions'), 'rows are missing'],
    ['a topic was renamed', replaceText('topic{"name', 'tupic{"name'), 'a row of topics does not match'],
    ['all is lost', execute('delete from topics; delete from partitions; delete from log'), 'rows are missing'],
    ['a column was renamed', replaceText('topic integer', 'tupic integer'), 'no such column: topic'],
    ['the format is another', execute('pragma user_version = 2'), 'the file has format 2, this program reads 1'],
    ['the file is empty', (file: string) => writeFileSync(file, ''), 'the file is empty or gone'],
    ['the file is gone', (file: string) => rmSync(file), 'the file is empty or gone'],
    ['it is no database', (file: string) => writeFileSync(file, 'no database at all'.repeat(99)), 'not a database'],
  ])('refuses to open where %s', async (_, damage, reason) => {
    const folder = await damaged(damage);
    await expect(folder.open()).rejects.toMatchObject({
      name: 'LogCorruption',
      code: 'log-corrupt',
      message: expect.stringContaining(reason),
    });
  });

  it('stops where a table of records is not what the log made, also for an append', async () => {
    const folder = await damaged(replaceText('data blob', 'dota blob'));
    const log = await folder.open();
    await expect(log.append('topic', textRecords('k', 'more'))).rejects.toMatchObject({ code: 'log-corrupt' });
    expect(folder.fatal).toHaveLength(1);
  });

  it('stops where a committed offset was moved', async () => {
    const folder = await damaged(execute('update offsets set next = 4'));
    const log = await folder.open();
    await expect(startProbe(log, 'reader', 'topic')).rejects.toThrow('a row of offsets does not match');
    expect(folder.fatal).toHaveLength(1);
  });
});
