import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog } from '../embedded-log.ts';
import { WORKLOAD_TOPIC, workloadRecord } from './workload.ts';

/** Files of a log by name. */
export type LogFiles = ReadonlyMap<string, Buffer>;

const HIGH_WATER = 'log.high-water';
const BATCH_RECORDS = 20;
/** Few, so that what a killed process leaves is partly in the file and partly in its write-ahead log. */
const CHECKPOINT_PAGES = 50;

/** Writes a log; returns the files that it has while it is open, as a killed process would leave them, and after it was closed. */
export async function writeImages(
  directory: string,
  records: number,
): Promise<{ readonly killed: LogFiles; readonly closed: LogFiles }> {
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await createEmbeddedLog({ directory, clock: realClock, onFatal, checkpointPages: CHECKPOINT_PAGES });
  await log.ensureTopics([WORKLOAD_TOPIC, { ...WORKLOAD_TOPIC, name: 'other' }]);
  for (let first = 0; first < records; first += BATCH_RECORDS) {
    const batch = Array.from({ length: BATCH_RECORDS }, (_, index) =>
      workloadRecord({ key: `key-${index}`, sequence: first + index }),
    );
    await log.append(WORKLOAD_TOPIC.name, batch);
  }
  const read = (...names: string[]) => new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
  const killed = read('log.db', 'log.db-wal', HIGH_WATER);
  await log.close();
  return { killed, closed: read('log.db', HIGH_WATER) };
}
