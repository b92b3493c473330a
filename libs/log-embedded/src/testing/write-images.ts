import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AppendedPosition } from '@belfry/core/log';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog } from '../embedded-log.ts';
import { placeOf, WORKLOAD_TOPIC, workloadRecord } from './workload.ts';

/** Files of a log by name. */
export type LogFiles = ReadonlyMap<string, Buffer>;

export type LogImage = {
  readonly files: LogFiles;
  /** Places of the records whose append had been answered: whatever opens must have them. */
  readonly acknowledged: ReadonlySet<string>;
};

export type WriteImagesOptions = {
  readonly records: number;
  /** Records of one last commit, which in the killed process's image nobody had been answered for. Default 0. */
  readonly unacknowledged?: number;
  /** Default 50: few, so that what a killed process leaves is partly in the file and partly in its write-ahead log. */
  readonly checkpointPages?: number;
};

const HIGH_WATER = 'log.high-water';
const BATCH_RECORDS = 20;

/** Writes a log; returns the files that it has while it is open, as a killed process would leave them, and after it was closed. */
export async function writeImages(
  directory: string,
  { records, unacknowledged = 0, checkpointPages = 50 }: WriteImagesOptions,
): Promise<{ readonly killed: LogImage; readonly closed: LogImage }> {
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await createEmbeddedLog({ directory, clock: realClock, onFatal, checkpointPages });
  await log.ensureTopics([WORKLOAD_TOPIC, { ...WORKLOAD_TOPIC, name: 'other' }]);
  const append = async (count: number, first: number): Promise<readonly AppendedPosition[]> => {
    const sequences = Array.from({ length: count }, (_, index) => ({ key: `key-${index}`, sequence: first + index }));
    return log.append(WORKLOAD_TOPIC.name, sequences.map(workloadRecord));
  };
  const read = (...names: string[]) => new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
  const acknowledged = new Set<string>();
  for (let first = 0; first < records; first += BATCH_RECORDS) {
    for (const position of await append(BATCH_RECORDS, first)) acknowledged.add(placeOf(position));
  }
  const noted = read(HIGH_WATER);
  const all = new Set(acknowledged);
  for (const position of await append(unacknowledged, records)) all.add(placeOf(position));
  const killed = { files: new Map([...read('log.db', 'log.db-wal'), ...noted]), acknowledged };
  await log.close();
  return { killed, closed: { files: read('log.db', HIGH_WATER), acknowledged: all } };
}
