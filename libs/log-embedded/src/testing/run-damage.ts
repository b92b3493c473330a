import { join } from 'node:path';
import type { Random } from '@belfry/core/random';
import { faultsOfReading, readDamaged, readIntact } from './damaged-log.ts';
import { type LogFiles, writeImages } from './write-images.ts';

export type DamageRunOptions = {
  /** An empty folder to work in. */
  readonly directory: string;
  readonly random: Random;
  /** Files with one random bit flipped. */
  readonly flips: number;
  /** Files cut off at a random length. */
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

/** Of this many, two are read through the whole log: one that was closed and one of a killed process. */
const WHOLE_LOG_EVERY = 40;

/** Damages one file of a log at a time, closed or left by a killed process in turn, and reads all of it each time. */
export async function runDamage(options: DamageRunOptions): Promise<DamageReport> {
  const { directory, random, flips, truncations, records } = options;
  const intact = join(directory, 'intact');
  const { closed, killed } = await writeImages(intact, { records });
  const written = await readIntact(intact);
  const counts = { identical: 0, stopped: 0, refused: 0 };
  const faults: string[] = [];
  for (let index = 0; index < flips + truncations; index++) {
    const image = index % 2 === 0 ? closed : killed;
    const damage = index < flips ? flipBit : truncate;
    const [what, files] = damage(image.files, chooseFile(image.files, random), random);
    const reading = await readDamaged(join(directory, 'damaged'), files, index % WHOLE_LOG_EVERY < 2);
    faults.push(...faultsOfReading(reading, written, image).map((fault) => `${what}: ${fault}`));
    counts[reading.outcome === 'read' ? 'identical' : reading.outcome] += 1;
  }
  const fileBytes = [...closed.files.values(), ...killed.files.values()].reduce((sum, { length }) => sum + length, 0);
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
  const length = Math.floor(random.next() * content.length);
  return [`${files.size} files' ${name} cut off at ${length}`, new Map(files).set(name, content.subarray(0, length))];
}
