import { fileURLToPath } from 'node:url';
import { type PowerCutOptions, type PowerCutReport, runPowerCuts } from '@belfry/testing/power-cut/run-power-cuts';
import { readStorage } from './read-storage.ts';
import { readWholeLog } from './read-whole-log.ts';
import { faultsOf, parseAcks, WORKLOAD_TOPIC } from './workload.ts';

export type LogPowerCutOptions = Pick<PowerCutOptions, 'directory' | 'random' | 'cuts' | 'obeys'> & {
  /** Records that the recorded process appends. */
  readonly records: number;
};

/** Few, so that a short run goes through checkpoints, where the file itself is written. */
const CHECKPOINT_PAGES = '50';
/** Starting the log's thread costs far more than the reading; what it adds is seen often enough. */
const WHOLE_LOG_EVERY = 20;

/** Cuts the power of a process that appends. */
export function runLogPowerCuts({ records, ...options }: LogPowerCutOptions): Promise<PowerCutReport> {
  const appender = fileURLToPath(new URL('./appender.ts', import.meta.url));
  return runPowerCuts({
    ...options,
    program: (folder, acks) => [appender, folder, acks, '0', String(records), CHECKPOINT_PAGES],
    check: (folder, acks, image) => faultsOfImage(folder, acks, image % WHOLE_LOG_EVERY === 0),
  });
}

async function faultsOfImage(directory: string, acks: readonly string[], whole: boolean): Promise<readonly string[]> {
  const acknowledged = parseAcks(acks);
  const logTopic = WORKLOAD_TOPIC.name;
  const reading = whole ? await readWholeLog({ directory, logTopic, group: 'reader' }) : readStorage(directory);
  if (reading.outcome === 'read') return faultsOf(reading.records, acknowledged);
  // Before the topic exists the log is empty, and its reader says so.
  if (acknowledged.length === 0 && reading.error.message.includes('does not exist')) return [];
  return [`${reading.outcome}: ${reading.error.message}`];
}
