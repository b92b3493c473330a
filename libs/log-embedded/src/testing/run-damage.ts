import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import { realClock } from '@belfry/testing/real-clock';
import { createEmbeddedLog } from '../embedded-log.ts';
import { markMade } from '../made-marker.ts';
import { readStorage } from './read-storage.ts';
import { type Reading, readWholeLog } from './read-whole-log.ts';
import { faultsOf, WORKLOAD_TOPIC, workloadRecord } from './workload.ts';

export type DamageRunOptions = {
  /** An empty folder to work in. */
  readonly directory: string;
  readonly random: Random;
  /** Files with one random bit flipped. */
  readonly flips: number;
  /** Files cut off at a random length, every one of the last 64 KiB with the same likelihood as all before. */
  readonly truncations: number;
  /** Records in the log that is damaged. */
  readonly records: number;
};

export type DamageReport = {
  readonly fileBytes: number;
  readonly identical: number;
  readonly stopped: number;
  readonly refused: number;
  /** Damage after which something else was handed out than what had been written. Must stay empty. */
  readonly faults: readonly string[];
};

/** Damages the file of a log in one way at a time and reads all of it each time. */
export async function runDamage(options: DamageRunOptions): Promise<DamageReport> {
  const { directory, random, flips, truncations, records } = options;
  const original = await writeLog(join(directory, 'original'), records);
  const baseline = await readWholeLog({ ...READING, directory: join(directory, 'original') });
  if (baseline.outcome !== 'read') throw baseline.error;
  const written = new Map(baseline.records.map((record) => [placeOf(record), record]));
  const counts = { identical: 0, stopped: 0, refused: 0 };
  const faults = faultsOf(baseline.records, []);
  for (let index = 0; index < flips + truncations; index++) {
    const [name, image] = index < flips ? flipBit(original, random) : truncate(original, random);
    const reading = await readDamaged(join(directory, 'damaged'), image, index % WHOLE_LOG_EVERY === 0);
    const got = reading.outcome === 'refused' ? [] : reading.records;
    const wrong = got.filter((record) => !isSame(record, written.get(placeOf(record))));
    const places = new Set(got.map(placeOf));
    const missing = reading.outcome === 'read' ? [...written.keys()].filter((place) => !places.has(place)) : [];
    if (wrong.length > 0) faults.push(`${name}: ${wrong.length} wrong records were handed out`);
    if (missing.length > 0) faults.push(`${name}: ${missing.length} records are silently missing`);
    counts[reading.outcome === 'read' ? 'identical' : reading.outcome] += 1;
  }
  return { fileBytes: original.length, ...counts, faults };
}

function flipBit(original: Buffer, random: Random): [string, Buffer] {
  const bit = Math.floor(random.next() * original.length * 8);
  const image = Buffer.from(original);
  image[bit >>> 3] = (image[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return [`bit ${bit} flipped`, image];
}

function truncate(original: Buffer, random: Random): [string, Buffer] {
  const tail = random.next() < 0.5 ? Math.min(TAIL_BYTES, original.length) : original.length;
  const length = original.length - 1 - Math.floor(random.next() * tail);
  return [`cut off at ${length}`, original.subarray(0, length)];
}

async function readDamaged(directory: string, image: Buffer, whole: boolean): Promise<Reading> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  writeFileSync(join(directory, 'log.db'), image);
  markMade(directory);
  return whole ? await readWholeLog({ ...READING, directory }) : readStorage(directory);
}

const TAIL_BYTES = 64 * 1024;
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

function isSame(left: LogRecord, right: LogRecord | undefined): boolean {
  if (right === undefined || left.key !== right.key || left.appendedAtMs !== right.appendedAtMs) return false;
  if (JSON.stringify(left.headers) !== JSON.stringify(right.headers)) return false;
  return Buffer.from(left.value).equals(right.value);
}
