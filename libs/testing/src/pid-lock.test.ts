import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withPidLock } from './pid-lock.ts';

describe('a lock between processes', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'belfry-lock-'));
    file = path.join(folder, 'pid');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lets in one at a time, also after a failure', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
      throw new Error('as expected');
    };
    const all = await Promise.allSettled([1, 2, 3].map(() => withPidLock(file, work)));
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(most).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  it('does not wait for a process that is dead', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(file, `${pid}`);
    expect(await withPidLock(file, async () => 'in')).toBe('in');
  });
});
