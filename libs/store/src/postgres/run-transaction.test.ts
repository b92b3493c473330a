import { createSeededRandom } from '@belfry/testing/seeded-random';
import { describe, expect, it } from 'vitest';
import { ChangedMeanwhileError } from '../changed-meanwhile-error.ts';
import type { PostgresPool } from './postgres-pool.ts';
import { createTransactionRunner } from './run-transaction.ts';

/** A pool that writes down what is executed, and a clock whose waits are over at once. */
function createRunner() {
  const executed: string[] = [];
  const waits: number[] = [];
  const pool: PostgresPool = {
    withConnection: (work) =>
      work({
        db: undefined as never,
        run: undefined as never,
        async execute(statement) {
          executed.push(statement);
        },
      }),
    async close() {},
  };
  const clock = {
    nowMs: () => 0,
    monotonicMs: () => 0,
    schedule(delayMs: number, task: () => void) {
      waits.push(delayMs);
      setImmediate(task);
      return () => {};
    },
  };
  return { run: createTransactionRunner(pool, { clock, random: createSeededRandom(1) }), executed, waits };
}

describe('createTransactionRunner', () => {
  it.each([
    ['statements', []],
    ['snapshot', ['begin isolation level repeatable read read only', 'commit']],
    ['transaction', ['begin', 'commit']],
    ['relaxed', ['begin; set local synchronous_commit to off', 'commit']],
  ] as const)('runs %s', async (mode, statements) => {
    const { run, executed } = createRunner();
    expect(await run(mode, async () => 'result')).toBe('result');
    expect(executed).toEqual(statements);
  });

  it('repeats what somebody was in the way of, after waits that grow and differ', async () => {
    const { run, executed, waits } = createRunner();
    let tries = 0;
    const result = await run('transaction', async () => {
      if (++tries < 4) throw new ChangedMeanwhileError('a row');
      return tries;
    });
    expect(result).toBe(4);
    expect(executed).toEqual(['begin', 'rollback', 'begin', 'rollback', 'begin', 'rollback', 'begin', 'commit']);
    expect(new Set(waits).size).toBe(3);
    for (const [index, wait] of waits.entries()) expect(wait).toBeLessThan(20 * 2 ** index);
  });

  it('gives up after eight tries', async () => {
    const { run, waits } = createRunner();
    await expect(run('transaction', () => Promise.reject(new ChangedMeanwhileError('a row')))).rejects.toThrow('a row');
    expect(waits).toHaveLength(7);
  });

  it('repeats nothing that would fail again', async () => {
    const { run, executed } = createRunner();
    await expect(run('transaction', () => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
    expect(executed).toEqual(['begin', 'rollback']);
  });
});
