import type { Random } from '@belfry/core/random';
import type { Operation } from './trace.ts';

const SECTOR_BYTES = 512;

type Change = Extract<Operation, { kind: 'write' | 'truncate' }>;
type Entry = Extract<Operation, { kind: 'create' | 'unlink' | 'rename' }> & { readonly file: SimulatedFile };

/** What is on the platter, and what only the kernel knows of yet. */
type SimulatedFile = { durable: Buffer; unsynced: Change[] };

/** Of an image: the files of the folder with their contents. */
export type DiskImage = ReadonlyMap<string, Buffer>;

/**
 * A disk that keeps exactly what it was told to sync: a file's data at a sync of the file, names at a sync of the folder. What was not
 * synced may be there after the power is cut, wholly, in part, or not at all.
 */
export class SimulatedDisk {
  readonly #files = new Map<string, SimulatedFile>();
  readonly #durableNames = new Map<string, SimulatedFile>();
  #unsyncedNames: Entry[] = [];

  apply(operation: Operation): void {
    switch (operation.kind) {
      case 'create': {
        const file = { durable: Buffer.alloc(0), unsynced: [] };
        this.#files.set(operation.path, file);
        this.#unsyncedNames.push({ ...operation, file });
        return;
      }
      case 'write':
      case 'truncate':
        this.#file(operation.path).unsynced.push(operation);
        return;
      case 'sync':
        this.#sync(operation.path);
        return;
      case 'unlink':
        this.#unsyncedNames.push({ ...operation, file: this.#file(operation.path) });
        this.#files.delete(operation.path);
        return;
      case 'rename': {
        const file = this.#file(operation.path);
        this.#unsyncedNames.push({ ...operation, file });
        this.#files.delete(operation.path);
        this.#files.set(operation.target, file);
      }
    }
  }

  /** The power is cut now and nothing unsynced was kept. */
  imageWithoutUnsynced(): DiskImage {
    return new Map([...this.#durableNames].map(([path, { durable }]) => [path, durable]));
  }

  /**
   * The power is cut now; of each file a random half of the unsynced sectors was kept, in no order, and of the changes of names
   * the first few, as a journal keeps them.
   */
  imageWithTornUnsynced(random: Random): DiskImage {
    const names = new Map(this.#durableNames);
    const kept = Math.floor(random.next() * (this.#unsyncedNames.length + 1));
    for (const entry of this.#unsyncedNames.slice(0, kept)) applyName(names, entry);
    return new Map([...names].map(([path, file]) => [path, tear(file, random)]));
  }

  #file(path: string): SimulatedFile {
    const file = this.#files.get(path);
    if (file === undefined) throw new Error(`the trace changes ${path}, which it has not created`);
    return file;
  }

  #sync(path: string): void {
    if (path === '') {
      for (const entry of this.#unsyncedNames) applyName(this.#durableNames, entry);
      this.#unsyncedNames = [];
      return;
    }
    const file = this.#file(path);
    for (const change of file.unsynced) file.durable = applyChange(file.durable, change);
    file.unsynced = [];
  }
}

function applyName(names: Map<string, SimulatedFile>, entry: Entry): void {
  if (entry.kind === 'create') names.set(entry.path, entry.file);
  else names.delete(entry.path);
  if (entry.kind === 'rename') names.set(entry.target, entry.file);
}

function applyChange(content: Buffer, change: Change): Buffer {
  if (change.kind === 'truncate') {
    if (change.length <= content.length) return content.subarray(0, change.length);
    return Buffer.concat([content, Buffer.alloc(change.length - content.length)]);
  }
  const end = change.offset + change.data.length;
  let target = content;
  if (end > content.length) {
    target = Buffer.alloc(end);
    content.copy(target);
  }
  change.data.copy(target, change.offset);
  return target;
}

function tear({ durable, unsynced }: SimulatedFile, random: Random): Buffer {
  let content: Buffer = Buffer.from(durable);
  for (const change of unsynced) {
    if (change.kind === 'truncate') {
      if (random.next() < 0.5) content = Buffer.from(applyChange(content, change));
      continue;
    }
    for (let at = 0; at < change.data.length; ) {
      const offset = change.offset + at;
      const length = Math.min(SECTOR_BYTES - (offset % SECTOR_BYTES), change.data.length - at);
      const sector = change.data.subarray(at, at + length);
      if (random.next() < 0.5) content = applyChange(content, { ...change, offset, data: sector });
      at += length;
    }
  }
  return content;
}
