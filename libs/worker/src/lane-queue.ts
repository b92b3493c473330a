import { createFifo } from './fifo.ts';
import type { KeyLimit } from './key-limit.ts';
import type { PartitionRun, Task } from './partition-run.ts';

/**
 * The startable work of one lane: its partitions take turns, and a partition's tasks go in the order in which they became ready. A task whose
 * limit key is at its limit steps aside with the whole chain behind it, or goes on as crowded where that key is slow.
 */
export type LaneQueue = {
  /** Gives the partition its place in the turn, if it has something to start. Call when it may have become startable. */
  enqueue(run: PartitionRun): void;
  hasWork(): boolean;
  /** Counts the task as started. Call only after `hasWork` said true. */
  take(): Task | undefined;
};

/** `onParked`: tasks of the run have stepped aside. */
export function createLaneQueue(
  perPartitionConcurrency: number,
  limit: KeyLimit<Task> | undefined,
  onParked: (run: PartitionRun) => void,
): LaneQueue {
  const turn = createFifo<PartitionRun>();

  const isStartable = (run: PartitionRun): boolean =>
    !run.held && run.ready.size > 0 && run.inFlight < perPartitionConcurrency;

  const enqueue = (run: PartitionRun) => {
    if (run.queued || !isStartable(run)) return;
    run.queued = true;
    turn.push(run);
  };

  const parkLimited = (run: PartitionRun, limit: KeyLimit<Task>) => {
    const before = run.ready.size;
    for (let task = run.ready.peek(); task !== undefined; task = run.ready.peek()) {
      if (task.limitKey === undefined) break;
      const admitted = limit.admits(task.limitKey);
      task.crowded = !admitted && limit.isSlow(task.limitKey);
      if (admitted || task.crowded) break;
      run.ready.shift();
      limit.park(task.limitKey, task);
    }
    if (run.ready.size < before) onParked(run);
  };

  return {
    enqueue,
    hasWork() {
      for (let run = turn.peek(); run !== undefined; run = turn.peek()) {
        if (limit !== undefined && isStartable(run)) parkLimited(run, limit);
        if (isStartable(run)) return true;
        turn.shift();
        run.queued = false;
      }
      return false;
    },
    take() {
      const run = turn.shift();
      if (run === undefined) return undefined;
      run.queued = false;
      const task = run.ready.shift();
      if (task === undefined) return undefined;
      run.started(task);
      if (task.limitKey !== undefined && !task.crowded) limit?.acquire(task.limitKey, task);
      enqueue(run);
      return task;
    },
  };
}
