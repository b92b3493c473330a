import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const LOCK_FILE = 'lock';
// A file of its own: closing any descriptor of the lock file would make the kernel drop this process's lock on it.
const OWNER_FILE = 'lock.pid';
const SQLITE_BUSY = 5;

/** Another opener has the directory. `ownerPid` is undefined in the instant between taking the lock and writing the pid. */
export class DirectoryLockedError extends Error {
  override readonly name = 'DirectoryLockedError';
  readonly code = 'directory-locked';
  readonly directory: string;
  readonly ownerPid: number | undefined;

  constructor(directory: string, ownerPid: number | undefined) {
    const owner = ownerPid === undefined ? 'another process' : `process ${ownerPid}`;
    super(`${directory} is in use by ${owner}; a data directory belongs to one process at a time`);
    this.directory = directory;
    this.ownerPid = ownerPid;
  }
}

/** A connection that is garbage-collected closes: without this, a caller who drops the returned object would lose the lock. */
const held = new Set<DatabaseSync>();

export type DirectoryLock = { release(): void };

/**
 * Makes the directory where it is missing and takes it for this process. Throws a `DirectoryLockedError` for a second opener, in this
 * process or another. The lock is the kernel's, on an SQLite file that is never written: it is gone the moment its owner is dead,
 * however it died, so nothing stale can block a restart.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = resolve(directory);
  makeDurableDirectory(path);
  const lock = new DatabaseSync(join(path, LOCK_FILE));
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new DirectoryLockedError(path, readOwner(path));
    }
    throw error;
  }
  held.add(lock);
  writeFileSync(join(path, OWNER_FILE), `${process.pid}\n`);
  return {
    release() {
      if (held.delete(lock)) lock.close();
    },
  };
}

/** Without a sync of the parent, a power cut can take a new directory away together with all that was synced inside. */
function makeDurableDirectory(path: string): void {
  const firstMade = mkdirSync(path, { recursive: true });
  if (firstMade === undefined || process.platform === 'win32') return;
  const above = dirname(firstMade);
  for (let made = path; made !== above; made = dirname(made)) syncDirectory(dirname(made));
}

function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function readOwner(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(path, OWNER_FILE), 'utf8'), 10);
    return Number.isInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
