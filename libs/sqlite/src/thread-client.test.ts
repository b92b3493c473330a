import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { prepareThread } from './prepare-thread.ts';
import { createThreadClient, type ThreadClient } from './thread-client.ts';
import type { FixtureData, FixtureMethods } from './thread-server.fixture.ts';

describe('a database thread', () => {
  let folder: string;
  let deaths: Error[];
  let client: ThreadClient<FixtureMethods>;
  const start = (data: Partial<FixtureData> = {}) =>
    createThreadClient<FixtureMethods>({
      thread: prepareThread(new URL('./thread-server.fixture.ts', import.meta.url), 'numbers'),
      data: { path: join(folder, 'numbers.db'), ...data },
      onDeath: (error) => deaths.push(error),
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'belfry-sqlite-'));
    deaths = [];
    client = await start();
  });
  afterEach(async () => {
    await client.close();
    rmSync(folder, { recursive: true });
  });

  it('answers each call with its own result', async () => {
    expect(await Promise.all([client.call('add', [1]), client.call('all', []), client.call('add', [2])])).toEqual([
      1,
      [1],
      1,
    ]);
  });

  it('has its modules in the compile cache of the process', async () => {
    const fixture = fileURLToPath(new URL('./compile-cache.fixture.ts', import.meta.url));
    const cache = join(folder, 'cache');
    const env = { ...process.env, NODE_COMPILE_CACHE: undefined };
    const { stdout } = await promisify(execFile)(process.execPath, [fixture, cache, join(folder, 'other.db')], { env });
    expect(dirname(stdout)).toBe(cache);
    expect(await client.call('compileCache', [])).toBe(getCompileCacheDir());
  });

  it('runs the calls of one turn as one batch', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, value) => client.call('add', [value])));
    expect(await client.call('commits', [])).toBe(1);
  });

  it('undoes only the call that failed, and brings its error over whole', async () => {
    const results = await Promise.allSettled([
      client.call('add', [1]),
      client.call('addThenThrow', [2]),
      client.call('addLater', [3]),
      client.call('add', [1]),
      client.call('add', [4]),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(results[1]).toMatchObject({ reason: { name: 'RangeError', message: 'refused 2', code: 'refused' } });
    expect(results[3]).toMatchObject({ reason: { code: 'ERR_SQLITE_ERROR', sqliteCode: 1555 } });
    expect(await client.call('all', [])).toEqual([1, 3, 4]);
  });

  it('keeps the order of calls also around asynchronous ones', async () => {
    const results = await Promise.all([
      client.call('addLater', [1]),
      client.call('all', []),
      client.call('addLater', [2]),
      client.call('all', []),
    ]);
    expect([results[1], results[3]]).toEqual([[1], [1, 2]]);
  });

  it('rejects, of a batch that met a full disk, only what does not fit', async () => {
    await client.call('limit', [10]);
    const results = await Promise.allSettled([
      client.call('add', [1]),
      client.call('fill', [1_000_000]),
      client.call('addLater', [2]),
      client.call('all', []),
    ]);
    expect(results).toMatchObject([
      { value: 1 },
      { reason: { code: 'ERR_SQLITE_ERROR', sqliteCode: 13 } },
      { value: 1 },
      { value: [1, 2] },
    ]);
  });

  it('hands buffers over', async () => {
    expect(await client.call('bytes', [5])).toEqual(new Uint8Array(5).fill(7));
  });

  it('rejects calls of unknown methods and arguments that cannot cross', async () => {
    await expect(client.call('missing' as 'all', [])).rejects.toThrow('no method missing');
    await expect(client.call('toString' as 'all', [])).rejects.toThrow('no method toString');
    await expect(client.call('add', [(() => 1) as unknown as number])).rejects.toThrow('could not be cloned');
  });

  it('answers what was called before close and refuses what comes after', async () => {
    const last = client.call('add', [9]);
    const closed = client.close();
    await expect(client.call('all', [])).rejects.toMatchObject({ code: 'thread-closed' });
    expect(await last).toBe(1);
    await closed;
    expect(deaths).toEqual([]);
    client = await start();
    expect(await client.call('all', [])).toEqual([9]);
  });

  it('rejects all that waits and reports when the thread dies', async () => {
    const waiting = Promise.allSettled([client.call('add', [1]), client.call('die', []), client.call('all', [])]);
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'thread-died' } });
    }
    await vi.waitFor(() => expect(deaths).toHaveLength(1), { timeout: 10_000 });
    await expect(client.call('all', [])).rejects.toMatchObject({ code: 'thread-closed' });
    client = await start();
    expect(await client.call('all', [])).toEqual([]);
  });

  it('ends the thread when its database can no longer be used: what was written is not known', async () => {
    const waiting = Promise.allSettled([
      client.call('add', [1]),
      client.call('loseDatabase', []),
      client.call('add', [2]),
    ]);
    expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await vi.waitFor(() => expect(deaths).toMatchObject([{ code: 'thread-died' }]), { timeout: 10_000 });
    await client.close();
    client = await start();
    expect(await client.call('all', [])).toEqual([]);
  });

  it('rejects a start that failed with what it threw', async () => {
    await expect(start({ failStart: true })).rejects.toMatchObject({ name: 'TypeError', code: 'no-start' });
    expect(deaths).toEqual([]);
  });
});
