import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteStore } from './create-sqlite-store.ts';

const FIXTURE = fileURLToPath(new URL('./accept-until-killed.fixture.ts', import.meta.url));
const KILLS = 6;

describe('the SQLite store', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'belfry-store-crash-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const open = () =>
    createSqliteStore({
      directory,
      clock: { nowMs: () => Date.now() },
      onFatal: (error) => {
        throw error;
      },
    });

  /** Runs the fixture and kills it at some moment after it has answered for `answers` notifications. Returns all it answered. */
  async function acceptUntilKilled(prefix: string, answers: number): Promise<readonly string[]> {
    const child = spawn(process.execPath, [FIXTURE, directory, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      if (output.split('\n').length > answers) child.kill('SIGKILL');
    }
    // A line that was cut off was not written whole, so it was not an answer yet.
    return output.split('\n').slice(0, -1);
  }

  it('has kept whatever it answered when it was killed', { timeout: 120_000 }, async () => {
    const answered: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const lines = await acceptUntilKilled(`r${round}`, 40 + round * 35);
      expect(lines.length).toBeGreaterThan(0);
      answered.push(...lines);
    }
    const store = await open();
    try {
      const user = { tenant: 'acme', user: 'ann' };
      const offsets = new Map<string, number>();
      let after = 0;
      for (;;) {
        const { items, head } = await store.readStream(user, after, 500);
        for (const { offset, notification } of items) {
          // Dense over all the kills: none lost, none given out twice.
          expect(offset).toBe(++after);
          offsets.set(notification.id, offset);
        }
        if (items.length === 0) {
          expect(head).toBe(after);
          break;
        }
      }
      for (const line of answered) {
        const [id = '', offset] = line.split(' ');
        expect(offsets.get(id)).toBe(Number(offset));
        expect(await store.readNotification('acme', id, undefined, 1)).toMatchObject({ status: 'routed' });
      }
    } finally {
      await store.close();
    }
  });

  it('says clearly that another process has the directory', { timeout: 60_000 }, async () => {
    const store = await open();
    const child = spawn(process.execPath, [FIXTURE, directory, 'x'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    for await (const chunk of child.stderr) errors += chunk;
    expect(errors).toContain(`in use by process ${process.pid}`);
    await expect(open()).rejects.toMatchObject({ code: 'directory-locked' });
    await store.close();
    await (await open()).close();
  });

  it('answers calls made before `close`, and rejects later ones as unavailable', async () => {
    const store = await open();
    const user = { tenant: 'acme', user: 'ann' };
    const before = [store.heads([user]), store.epoch()] as const;
    const closed = store.close();
    await expect(store.heads([user])).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(await before[0]).toEqual([0]);
    const epoch = await before[1];
    await closed;
    await expect(store.epoch()).rejects.toMatchObject({ code: 'store-unavailable' });
    // New data, new history.
    rmSync(directory, { recursive: true });
    const fresh = await open();
    expect(await fresh.epoch()).not.toBe(epoch);
    await fresh.close();
  });
});
