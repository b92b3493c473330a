import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Random } from '@belfry/core/random';
import { readStorage } from '../read-storage.ts';
import { readWholeLog } from '../read-whole-log.ts';
import { type Acknowledged, faultsOf, parseAcks, WORKLOAD_TOPIC } from '../workload.ts';
import { type DiskImage, SimulatedDisk } from './simulated-disk.ts';
import { type Operation, parseTrace } from './trace.ts';

export type PowerCutRunOptions = {
  /** An empty folder to work in. */
  readonly directory: string;
  readonly random: Random;
  /** Records that the recorded process appends. */
  readonly records: number;
  /** Moments at which the power is cut, spread evenly over what the process did. Each makes two images. */
  readonly cuts: number;
  /**
   * Whether the disk obeys when told to sync the file. Default: always. Where it does not, acknowledged records must get lost, or the
   * run proves nothing.
   */
  readonly obeys?: (path: string) => boolean;
};

export type PowerCutReport = {
  readonly operations: number;
  readonly images: number;
  readonly acknowledged: number;
  readonly faults: readonly string[];
};

/** Few, so that a short run goes through checkpoints, where the file itself is written. */
const CHECKPOINT_PAGES = '50';
const ACKS = 'acks';
/** Starting the log's thread costs far more than the reading; what it adds is seen often enough. */
const WHOLE_LOG_EVERY = 20;
const run = promisify(execFile);

/** Compiles the recorder with `cc`. Returns the library's path. */
export async function buildRecorder(directory: string): Promise<string> {
  const library = join(directory, 'recorder.so');
  const source = fileURLToPath(new URL('./recorder.c', import.meta.url));
  await run('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl', '-lpthread']);
  return library;
}

/** Records a process that appends, cuts its power at many moments afterwards, and opens what would be left on the disk. */
export async function runPowerCuts(options: PowerCutRunOptions): Promise<PowerCutReport> {
  const { directory, random, cuts, obeys = () => true } = options;
  const operations = await recordAppender(directory, options.records);
  const disk = new SimulatedDisk();
  const every = Math.max(1, Math.floor(operations.filter(({ path }) => path !== ACKS).length / cuts));
  const faults: string[] = [];
  let acks = '';
  let images = 0;
  let applied = 0;
  for (const [index, operation] of operations.entries()) {
    if (operation.path === ACKS) {
      if (operation.kind === 'write') acks += operation.data.toString('utf8');
      continue;
    }
    if (operation.kind !== 'sync' || obeys(operation.path)) disk.apply(operation);
    if (applied++ % every !== 0) continue;
    const acknowledged = parseAcks(acks);
    for (const image of [disk.imageWithoutUnsynced(), disk.imageWithTornUnsynced(random)]) {
      const found = await faultsOfImage(join(directory, 'image'), image, acknowledged, images % WHOLE_LOG_EVERY === 0);
      faults.push(...found.map((fault) => `operation ${index}: ${fault}`));
      images += 1;
    }
  }
  return { operations: operations.length, images, acknowledged: parseAcks(acks).length, faults };
}

async function recordAppender(directory: string, records: number): Promise<Operation[]> {
  const folder = join(directory, 'recorded');
  const trace = join(directory, 'trace');
  mkdirSync(folder);
  const appender = fileURLToPath(new URL('../appender.ts', import.meta.url));
  await run(process.execPath, [appender, folder, join(folder, ACKS), '0', String(records), CHECKPOINT_PAGES], {
    env: { LD_PRELOAD: await buildRecorder(directory), RECORDED_FOLDER: folder, RECORDED_TRACE: trace },
  });
  return parseTrace(readFileSync(trace));
}

async function faultsOfImage(
  directory: string,
  image: DiskImage,
  acknowledged: readonly Acknowledged[],
  whole: boolean,
): Promise<string[]> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [path, content] of image) writeFileSync(join(directory, path), content);
  const logTopic = WORKLOAD_TOPIC.name;
  const reading = whole ? await readWholeLog({ directory, logTopic, group: 'reader' }) : readStorage(directory);
  if (reading.outcome === 'read') return faultsOf(reading.records, acknowledged);
  // Before the topic exists the log is empty, and its reader says so.
  if (acknowledged.length === 0 && reading.error.message.includes('does not exist')) return [];
  return [`${reading.outcome}: ${reading.error.message}`];
}
