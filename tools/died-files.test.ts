import { describe, expect, it } from 'vitest';
import { diedFiles } from './died-files.ts';

const pool = (cause: string) => new Error('[vitest-pool]: Worker forks emitted error.', { cause: new Error(cause) });

describe('diedFiles', () => {
  it('names the files whose process died, and how', () => {
    const errors = [
      pool('Worker exited unexpectedly with signal SIGSEGV during started state while running test file /x/a.test.ts'),
      pool(
        'Worker exited unexpectedly with exit code 134 during started state while running test files /x/b.test.ts, /x/c.test.ts',
      ),
    ];
    expect(diedFiles(errors)).toEqual([
      { file: '/x/a.test.ts', how: 'with signal SIGSEGV during started state' },
      { file: '/x/b.test.ts', how: 'with exit code 134 during started state' },
      { file: '/x/c.test.ts', how: 'with exit code 134 during started state' },
    ]);
  });

  it('leaves every other error alone', () => {
    expect(diedFiles([new Error('a promise nobody caught'), undefined, 'text', pool('Failed to start')])).toEqual([]);
  });
});
