import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { sleep } from '@belfry/core/clock';
import { machineMs } from '@belfry/testing/machine-clock';
import { realClock } from '@belfry/testing/real-clock';
import type { NotingWorkerNews, NotingWorkerOptions } from './noting-worker.ts';

/** A process of the group. Times are of the machine's clock. */
export type WorkerProcess = {
  readonly file: string;
  readonly child: ChildProcess;
  killedMs?: number;
  leftMs?: number;
};

export type WorkerGroup = {
  /** All there ever were. */
  readonly processes: readonly WorkerProcess[];
  /** Those that are to live. */
  readonly members: number;
  /** Each of these resolves when the group has given out every partition again, to those that live. `pick` chooses one, from 0 to less than 1. */
  join(): Promise<void>;
  leave(pick: number): Promise<void>;
  /** `kill -9`, and another one starts at once. */
  kill(pick: number): Promise<void>;
  /** Throws when one has ended by itself. */
  check(): void;
  /** All leave. */
  close(): Promise<void>;
  /** Kills what lives. */
  abandon(): void;
};

export type WorkerGroupOptions = Omit<NotingWorkerOptions, 'file'> & {
  /** Of the notes. */
  readonly folder: string;
  readonly partitions: number;
};

const PROGRAM = path.join(import.meta.dirname, 'noting-worker.ts');
const SETTLED_WITHIN_MS = 60_000;
const LEFT_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 10;

/** Processes of one group. Nobody is in it at first. */
export function createWorkerGroup({ folder, partitions, ...worker }: WorkerGroupOptions): WorkerGroup {
  const processes: WorkerProcess[] = [];
  const living = new Set<WorkerProcess>();
  const died: string[] = [];
  const holders = new Map<number, { readonly holder: WorkerProcess; readonly atMs: number }>();

  function start(): void {
    const file = path.join(folder, `${processes.length}`);
    const options: NotingWorkerOptions = { ...worker, file, seed: worker.seed + processes.length };
    const child = fork(PROGRAM, [JSON.stringify(options)]);
    const started: WorkerProcess = { file, child };
    processes.push(started);
    living.add(started);
    child.on('message', ({ assigned, atMs }: NotingWorkerNews) => {
      if (atMs > (holders.get(assigned)?.atMs ?? 0)) holders.set(assigned, { holder: started, atMs });
    });
    child.once('exit', (code, signal) => {
      if (living.delete(started)) died.push(`process ${processes.indexOf(started)}: ${signal ?? `exit code ${code}`}`);
    });
  }

  function take(pick: number): WorkerProcess {
    const taken = [...living][Math.floor(pick * living.size)];
    if (taken === undefined) throw new Error('nobody is in the group');
    living.delete(taken);
    return taken;
  }

  function check(): void {
    if (died.length > 0) throw new Error(`ended by itself: ${died.join(', ')}`);
  }

  const isSettledSince = (sinceMs: number): boolean => {
    const given = [...holders.values()].filter(({ holder, atMs }) => living.has(holder) && atMs > sinceMs);
    return given.length === partitions && new Set(given.map(({ holder }) => holder)).size === living.size;
  };

  async function settledSince(sinceMs: number): Promise<void> {
    const endMs = machineMs() + SETTLED_WITHIN_MS;
    while (!isSettledSince(sinceMs)) {
      check();
      if (machineMs() > endMs) throw new Error(`the group has not settled within ${SETTLED_WITHIN_MS} ms`);
      await sleep(realClock, LOOK_EVERY_MS);
    }
  }

  async function end(process: WorkerProcess): Promise<void> {
    process.leftMs = machineMs();
    const exited = once(process.child, 'exit', { signal: AbortSignal.timeout(LEFT_WITHIN_MS) });
    process.child.kill('SIGTERM');
    const [code] = await exited;
    if (code !== 0) throw new Error(`a process that was asked to end ended with ${code}`);
  }

  return {
    processes,
    get members() {
      return living.size;
    },
    async join() {
      const sinceMs = machineMs();
      start();
      await settledSince(sinceMs);
    },
    async leave(pick) {
      const sinceMs = machineMs();
      await end(take(pick));
      await settledSince(sinceMs);
    },
    async kill(pick) {
      const killed = take(pick);
      const exited = once(killed.child, 'exit');
      killed.killedMs = machineMs();
      killed.child.kill('SIGKILL');
      await exited;
      start();
      await settledSince(killed.killedMs);
    },
    check,
    async close() {
      const all = [...living];
      living.clear();
      await Promise.all(all.map(end));
    },
    abandon() {
      for (const { child } of processes) child.kill('SIGKILL');
    },
  };
}
