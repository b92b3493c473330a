import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { ReaderNews, ReaderOptions } from './kafka-reader.ts';

export type Readers = {
  /** Done by all of them together. */
  records(): number;
  /** Records per second from when this many were done to when that many were. Throws when they are not yet. */
  rateBetween(from: number, to: number): number;
  /** Of the records done since the last call. */
  takeAgesMs(): number[];
  /** Of the largest of them, as they said last. */
  rssBytes(): number;
  /** Resolves when every one of them was given something to read. */
  readonly assigned: Promise<unknown>;
  stop(): Promise<void>;
};

/** Starts members of one group, a process each. */
export function startReaders(count: number, options: ReaderOptions): Readers {
  const script = path.join(import.meta.dirname, 'kafka-reader.ts');
  const latest = new Map<ChildProcess, Extract<ReaderNews, { kind: 'done' }>>();
  const progress: { readonly records: number; readonly atMs: number }[] = [];
  let ages: number[] = [];
  const total = () => [...latest.values()].reduce((sum, { records }) => sum + records, 0);
  const children = Array.from({ length: count }, () => fork(script, [JSON.stringify(options)]));
  const assigned = children.map((child) => {
    const given = Promise.withResolvers<void>();
    child.on('message', (news: ReaderNews) => {
      if (news.kind === 'assigned') return given.resolve();
      latest.set(child, news);
      progress.push({ records: total(), atMs: Math.max(progress.at(-1)?.atMs ?? 0, news.lastMs) });
      ages.push(...news.agesMs);
    });
    return given.promise;
  });
  return {
    records: total,
    rateBetween(from, to) {
      const start = progress.find(({ records }) => records >= from);
      const end = progress.find(({ records }) => records >= to);
      if (start === undefined || end === undefined) throw new Error(`${total()} records are done, not ${to}`);
      return ((end.records - start.records) * 1_000) / (end.atMs - start.atMs);
    },
    takeAgesMs() {
      const taken = ages;
      ages = [];
      return taken;
    },
    rssBytes: () => Math.max(...[...latest.values()].map(({ rssBytes }) => rssBytes)),
    assigned: Promise.all(assigned),
    async stop() {
      const ended = children.map((child) => once(child, 'exit'));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(ended);
    },
  };
}
