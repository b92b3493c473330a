import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogRecord } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import { readStorage } from './read-storage.ts';
import { type Reading, readWholeLog } from './read-whole-log.ts';
import { faultsOf, WORKLOAD_TOPIC } from './workload.ts';
import { type LogFiles, writeImages } from './write-images.ts';

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

/** Damages one file of a log at a time, closed or left by a killed process in turn, and reads all of it each time. */
export async function runDamage(options: DamageRunOptions): Promise<DamageReport> {
  const { directory, random, flips, truncations, records } = options;
  const intact = join(directory, 'intact');
  const { closed, killed } = await writeImages(intact, records);
  const baseline = await readWholeLog({ ...READING, directory: intact });
  if (baseline.outcome !== 'read') throw baseline.error;
  const written = new Map(baseline.records.map((record) => [placeOf(record), record]));
  const counts = { identical: 0, stopped: 0, refused: 0 };
  const faults = faultsOf(baseline.records, []);
  for (let index = 0; index < flips + truncations; index++) {
    const files = index % 2 === 0 ? closed : killed;
    const damage = index < flips ? flipBit : truncate;
    const [name, image] = damage(files, chooseFile(files, random), random);
    const reading = await readDamaged(join(directory, 'damaged'), image, index % WHOLE_LOG_EVERY < 2);
    const got = reading.outcome === 'refused' ? [] : reading.records;
    const wrong = got.filter((record) => !isSame(record, written.get(placeOf(record))));
    const places = new Set(got.map(placeOf));
    const missing = reading.outcome === 'read' ? [...written.keys()].filter((place) => !places.has(place)) : [];
    if (wrong.length > 0) faults.push(`${name}: ${wrong.length} wrong records were handed out`);
    if (missing.length > 0) faults.push(`${name}: ${missing.length} records are silently missing`);
    counts[reading.outcome === 'read' ? 'identical' : reading.outcome] += 1;
  }
  const fileBytes = [...closed, ...killed].reduce((sum, [, content]) => sum + content.length, 0);
  return { fileBytes, ...counts, faults };
}

/** A file of the log, each with the likelihood of its size. */
function chooseFile(files: LogFiles, random: Random): string {
  const total = [...files.values()].reduce((sum, content) => sum + content.length, 0);
  let at = random.next() * total;
  for (const [name, content] of files) {
    at -= content.length;
    if (at < 0) return name;
  }
  throw new Error('a log has files');
}

function flipBit(files: LogFiles, name: string, random: Random): [string, LogFiles] {
  const content = Buffer.from(files.get(name) ?? '');
  const bit = Math.floor(random.next() * content.length * 8);
  content[bit >>> 3] = (content[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return [`bit ${bit} of ${files.size} files' ${name} flipped`, new Map(files).set(name, content)];
}

function truncate(files: LogFiles, name: string, random: Random): [string, LogFiles] {
  const content = files.get(name) ?? Buffer.alloc(0);
  const tail = random.next() < 0.5 ? Math.min(TAIL_BYTES, content.length) : content.length;
  const length = content.length - 1 - Math.floor(random.next() * tail);
  return [`${files.size} files' ${name} cut off at ${length}`, new Map(files).set(name, content.subarray(0, length))];
}

async function readDamaged(directory: string, files: LogFiles, whole: boolean): Promise<Reading> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
  return whole ? await readWholeLog({ ...READING, directory }) : readStorage(directory);
}

const TAIL_BYTES = 64 * 1024;
/** Of this many, two are read through the whole log: starting its thread costs far more than the reading, and nothing is checked outside. */
const WHOLE_LOG_EVERY = 40;
const READING = { logTopic: WORKLOAD_TOPIC.name, group: 'reader' };

function placeOf(record: LogRecord): string {
  return `${record.partition}/${record.offset}`;
}

function isSame(left: LogRecord, right: LogRecord | undefined): boolean {
  if (right === undefined || left.key !== right.key || left.appendedAtMs !== right.appendedAtMs) return false;
  if (JSON.stringify(left.headers) !== JSON.stringify(right.headers)) return false;
  return Buffer.from(left.value).equals(right.value);
}
