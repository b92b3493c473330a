import { join } from 'node:path';
import { faultsOfReading, readDamaged, readIntact } from './damaged-log.ts';
import { type LogImage, writeImages } from './write-images.ts';

export type TailCutRunOptions = {
  /** An empty folder to work in. */
  readonly directory: string;
  /** 1 cuts at every length of the tail, n at one in n. */
  readonly every: number;
};

export type TailCuts = {
  /** Lengths at which the file was cut off, beginning with one byte less than all. */
  readonly lengths: number;
  /** Opened with everything that was acknowledged. */
  readonly clean: number;
  readonly stopped: number;
  readonly refused: number;
};

export type TailCutReport = {
  /** The write-ahead log of a killed process, which ends in the middle of its last commits. */
  readonly killed: TailCuts;
  /** The file of a log that was closed. */
  readonly closed: TailCuts;
  /** Must stay empty. */
  readonly faults: readonly string[];
};

export const TAIL_BYTES = 64 * 1024;

/** Enough that both files are longer than the tail, and that nothing of it has been copied from the one to the other. */
const IMAGES = { records: 200, unacknowledged: 60, checkpointPages: 4_096 };
/** A power of two would meet the same places of every page. */
const WHOLE_LOG_EVERY = 1_009;

/** Cuts off a log's last file at every length of its last 64 KiB, and reads all of it each time. */
export async function runTailCuts({ directory, every }: TailCutRunOptions): Promise<TailCutReport> {
  const intact = join(directory, 'intact');
  const { killed, closed } = await writeImages(intact, IMAGES);
  const written = await readIntact(intact);
  const faults: string[] = [];
  const cutAll = async (image: LogImage, name: string): Promise<TailCuts> => {
    const content = image.files.get(name) ?? Buffer.alloc(0);
    if (content.length <= TAIL_BYTES) throw new Error(`${name} has only ${content.length} bytes`);
    const counts = { clean: 0, stopped: 0, refused: 0 };
    let lengths = 0;
    for (let less = 1; less <= TAIL_BYTES; less += every) {
      const files = new Map(image.files).set(name, content.subarray(0, content.length - less));
      const reading = await readDamaged(join(directory, 'damaged'), files, lengths % WHOLE_LOG_EVERY === 0);
      faults.push(...faultsOfReading(reading, written, image).map((fault) => `${name} less ${less} bytes: ${fault}`));
      counts[reading.outcome === 'read' ? 'clean' : reading.outcome] += 1;
      lengths += 1;
    }
    return { lengths, ...counts };
  };
  return { killed: await cutAll(killed, 'log.db-wal'), closed: await cutAll(closed, 'log.db'), faults };
}
