import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog } from '../embedded-log.ts';
import { readStorage } from './read-storage.ts';
import { readWholeLog } from './read-whole-log.ts';
import { faultsOf, WORKLOAD_TOPIC, workloadRecord } from './workload.ts';

export type FlipRunOptions = {
  /** An empty folder to work in. */
  readonly directory: string;
  readonly random: Random;
  readonly flips: number;
  /** Records in the log that is damaged. */
  readonly records: number;
};

export type FlipReport = {
  readonly fileBytes: number;
  readonly identical: number;
  readonly stopped: number;
  readonly refused: number;
  /** Flips after which something else was handed out than what had been written. Must stay empty. */
  readonly faults: readonly string[];
};

/** Flips single random bits of a log's file and reads all of it each time. */
export async function runFlips({ directory, random, flips, records }: FlipRunOptions): Promise<FlipReport> {
  const original = await writeLog(join(directory, 'original'), records);
  const damaged = join(directory, 'damaged');
  const baseline = await readWholeLog({ ...READING, directory: join(directory, 'original') });
  if (baseline.outcome !== 'read') throw baseline.error;
  const written = new Map(baseline.records.map((record) => [placeOf(record), record]));
  const counts = { identical: 0, stopped: 0, refused: 0 };
  const faults = faultsOf(baseline.records, []);
  for (let flip = 0; flip < flips; flip++) {
    const bit = Math.floor(random.next() * original.length * 8);
    const image = Buffer.from(original);
    image[bit >>> 3] = (image[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    rmSync(damaged, { recursive: true, force: true });
    mkdirSync(damaged);
    writeFileSync(join(damaged, 'log.db'), image);
    const whole = flip % WHOLE_LOG_EVERY === 0;
    const reading = whole ? await readWholeLog({ ...READING, directory: damaged }) : readStorage(damaged);
    const got = reading.outcome === 'refused' ? [] : reading.records;
    const wrong = got.filter((record) => !isSame(record, written.get(placeOf(record))));
    const missing = reading.outcome === 'read' ? baseline.records.filter((record) => !has(got, record)) : [];
    if (wrong.length > 0) faults.push(`bit ${bit}: ${wrong.length} wrong records were handed out`);
    if (missing.length > 0) faults.push(`bit ${bit}: ${missing.length} records are silently missing`);
    counts[reading.outcome === 'read' ? 'identical' : reading.outcome] += 1;
  }
  return { fileBytes: original.length, ...counts, faults };
}

/** Starting the thread costs a hundred times the reading, and nothing is checked outside of it. */
const WHOLE_LOG_EVERY = 20;
const READING = { logTopic: WORKLOAD_TOPIC.name, group: 'reader' };

/** A log with records that a group has committed in part. Returns its file. */
async function writeLog(directory: string, records: number): Promise<Buffer> {
  const onFatal = (error: Error) => {
    throw error;
  };
  const log = await createEmbeddedLog({ directory, clock: realClock, onFatal });
  await log.ensureTopics([WORKLOAD_TOPIC, { ...WORKLOAD_TOPIC, name: 'other' }]);
  const batch = Array.from({ length: records }, (_, sequence) =>
    workloadRecord({ key: `key-${sequence % 20}`, sequence }),
  );
  await log.append(WORKLOAD_TOPIC.name, batch);
  await log.close();
  return readFileSync(join(directory, 'log.db'));
}

function placeOf(record: LogRecord): string {
  return `${record.partition}/${record.offset}`;
}

function has(records: readonly LogRecord[], wanted: LogRecord): boolean {
  return records.some((record) => record.partition === wanted.partition && record.offset === wanted.offset);
}

function isSame(left: LogRecord, right: LogRecord | undefined): boolean {
  if (right === undefined || left.key !== right.key || left.appendedAtMs !== right.appendedAtMs) return false;
  if (JSON.stringify(left.headers) !== JSON.stringify(right.headers)) return false;
  return Buffer.from(left.value).equals(right.value);
}
