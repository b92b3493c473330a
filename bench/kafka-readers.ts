import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { ReaderNews, ReaderOptions } from './kafka-reader.ts';

export type Readers = {
  /** Done by all of them together. */
  records(): number;
  /** From the first record of any to the last, in milliseconds. */
  spanMs(): number;
  /** Of the records done since the last call. */
  takeAgesMs(): number[];
  /** Resolves when every one of them was given something to read. */
  readonly assigned: Promise<unknown>;
  stop(): Promise<void>;
};

/** Starts members of one group, a process each. */
export function startReaders(count: number, options: ReaderOptions): Readers {
  const script = path.join(import.meta.dirname, 'kafka-reader.ts');
  const latest = new Map<ChildProcess, Extract<ReaderNews, { kind: 'done' }>>();
  let ages: number[] = [];
  const children = Array.from({ length: count }, () => fork(script, [JSON.stringify(options)]));
  const assigned = children.map((child) => {
    const given = Promise.withResolvers<void>();
    child.on('message', (news: ReaderNews) => {
      if (news.kind === 'assigned') return given.resolve();
      latest.set(child, news);
      ages.push(...news.agesMs);
    });
    return given.promise;
  });
  return {
    records: () => [...latest.values()].reduce((sum, { records }) => sum + records, 0),
    spanMs: () =>
      Math.max(...[...latest.values()].map(({ lastMs }) => lastMs)) -
      Math.min(...[...latest.values()].map(({ firstMs }) => firstMs)),
    takeAgesMs() {
      const taken = ages;
      ages = [];
      return taken;
    },
    assigned: Promise.all(assigned),
    async stop() {
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
