import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryLockedError, lockDirectory } from './directory-lock.ts';

describe('lockDirectory', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'belfry-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('makes the directory and refuses a second opener, naming directory and process', () => {
    const directory = join(folder, 'a', 'b');
    const lock = lockDirectory(directory);
    expect(() => lockDirectory(directory)).toThrow(DirectoryLockedError);
    expect(() => lockDirectory(directory)).toThrow(`${directory} is in use by process ${process.pid}`);
    lock.release();
    lock.release();
    lockDirectory(directory).release();
  });

  it('is held against other processes, and free at once after kill -9', async () => {
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('./directory-lock.fixture.ts', import.meta.url)), folder],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    const exited = once(child, 'exit');
    try {
      await once(child.stdout, 'data');
      expect(() => lockDirectory(folder)).toThrow(`is in use by process ${child.pid}`);
    } finally {
      child.kill('SIGKILL');
      await exited;
    }
    lockDirectory(folder).release();
  });
});
