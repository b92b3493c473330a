import { openSync, readFileSync, writeSync } from 'node:fs';
import { machineMs } from '@belfry/testing/machine-clock';

const KINDS = ['assigned', 'started', 'finished', 'committed'] as const;

/** What happened to a partition of a worker, or to a record of it. */
export type Note = {
  readonly kind: (typeof KINDS)[number];
  readonly partition: number;
  /** `started`, `finished`: the number of the record. `committed`: the offset that the group goes on at. */
  readonly value: number;
  /** Of the machine's clock. */
  readonly atMs: number;
};

export type TakeNote = (kind: Note['kind'], partition: number, value: number) => void;

const NOTE_BYTES = 16;

/** Takes notes into a file of its own. With the kernel when it returns, so that `kill -9` does not take it back. */
export function openNotes(file: string): TakeNote {
  const descriptor = openSync(file, 'ax');
  const bytes = Buffer.alloc(NOTE_BYTES);
  return (kind, partition, value) => {
    bytes.writeUInt8(KINDS.indexOf(kind), 0);
    bytes.writeUInt16LE(partition, 2);
    bytes.writeUInt32LE(value, 4);
    bytes.writeDoubleLE(machineMs(), 8);
    writeSync(descriptor, bytes);
  };
}

/** In the order in which they were taken. */
export function* readNotes(file: string): Generator<Note> {
  const bytes = readFileSync(file);
  for (let at = 0; at + NOTE_BYTES <= bytes.length; at += NOTE_BYTES) {
    const kind = KINDS[bytes.readUInt8(at)];
    if (kind === undefined) throw new Error(`${file} holds no note at ${at}`);
    const [partition, value] = [bytes.readUInt16LE(at + 2), bytes.readUInt32LE(at + 4)];
    yield { kind, partition, value, atMs: bytes.readDoubleLE(at + 8) };
  }
}
