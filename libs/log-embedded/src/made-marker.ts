import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';

const MARKER = 'log.made';

/**
 * Whether a log was made in this directory before. An empty or missing file is then a lost one: making a new one in its place would hide
 * the loss of everything.
 */
export function wasMade(directory: string): boolean {
  return existsSync(join(directory, MARKER));
}

/** Call after the file and its tables are durable. What this writes down is durable when it returns. */
export function markMade(directory: string): void {
  sync(openSync(join(directory, MARKER), 'a'));
  if (process.platform !== 'win32') sync(openSync(directory, 'r'));
}

function sync(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
