import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from '@belfry/core/log';
import { LogCorruption } from '../log-corruption.ts';
import { readStorage } from './read-storage.ts';
import { type Reading, readWholeLog } from './read-whole-log.ts';
import { faultsOf, placeOf, WORKLOAD_TOPIC } from './workload.ts';
import type { LogFiles, LogImage } from './write-images.ts';

const READING = { logTopic: WORKLOAD_TOPIC.name, group: 'reader' };

/** What an intact log holds, by place; whatever is read out of a damaged one is compared with it. */
export type Written = ReadonlyMap<string, LogRecord>;

export async function readIntact(directory: string): Promise<Written> {
  const reading = await readWholeLog({ ...READING, directory });
  if (reading.outcome !== 'read') throw reading.error;
  const [fault] = faultsOf(reading.records, []);
  if (fault !== undefined) throw new Error(`the intact log: ${fault}`);
  return new Map(reading.records.map((record) => [placeOf(record), record]));
}

/** Puts the files into the folder and reads them. `whole`: by the log with its thread, which costs far more than the reading and checks nothing more. */
export async function readDamaged(directory: string, files: LogFiles, whole: boolean): Promise<Reading> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
  return whole ? await readWholeLog({ ...READING, directory }) : readStorage(directory);
}

/**
 * What is wrong with a reading of damaged files: something else was handed out than what had been written, what was acknowledged is silently missing, half a
 * commit is there, or the log stopped without saying that it is corrupt. Empty when nothing is.
 */
export function faultsOfReading(reading: Reading, written: Written, { acknowledged }: LogImage): string[] {
  const faults: string[] = [];
  const got = reading.outcome === 'refused' ? [] : reading.records;
  const wrong = got.filter((record) => !isSame(record, written.get(placeOf(record))));
  if (wrong.length > 0) faults.push(`${wrong.length} wrong records were handed out`);
  if (reading.outcome !== 'read') {
    const { error, outcome } = reading;
    return error instanceof LogCorruption ? faults : [...faults, `${outcome} without a word of damage: ${error}`];
  }
  const places = new Set(got.map(placeOf));
  const missing = [...acknowledged].filter((place) => !places.has(place));
  if (missing.length > 0) faults.push(`${missing.length} records are silently missing`);
  const lastCommit = written.size - acknowledged.size;
  const beyond = [...places].filter((place) => !acknowledged.has(place)).length;
  if (beyond !== 0 && beyond !== lastCommit)
    faults.push(`${beyond} of the ${lastCommit} records of one commit are there`);
  return faults;
}

function isSame(left: LogRecord, right: LogRecord | undefined): boolean {
  if (right === undefined || left.key !== right.key || left.appendedAtMs !== right.appendedAtMs) return false;
  if (JSON.stringify(left.headers) !== JSON.stringify(right.headers)) return false;
  return Buffer.from(left.value).equals(right.value);
}
