import type { Generation, LogPartition } from '@belfry/core/log';
import type { PartitionRun } from './partition-run.ts';

/**
 * The partitions that are ours, and the handlers that still run for generations that are over. A partition that comes back while
 * handlers of its earlier generation run is held until they have settled: the log hands their records out again, and two handlers of one
 * key must not run at once.
 */
export type Assignments = {
  /** Makes `run` the current one of its partition. Returns the one before if it was never revoked; the caller drops it. */
  assign(run: PartitionRun): PartitionRun | undefined;
  /** The current run, if it is of that generation. */
  find(partition: LogPartition, generation: Generation): PartitionRun | undefined;
  /** The partition is not ours any more. Returns the run that ends. */
  revoke(partition: LogPartition, generation: Generation): PartitionRun | undefined;
  /** A handler of a dropped run settled. Returns the current run of the partition when it is held no longer. */
  settled(run: PartitionRun): PartitionRun | undefined;
  all(): Iterable<PartitionRun>;
};

export function createAssignments(): Assignments {
  const current = new Map<string, PartitionRun>();
  const olderInFlight = new Map<string, number>();

  const end = (name: string, run: PartitionRun) => {
    current.delete(name);
    if (run.inFlight > 0) olderInFlight.set(name, (olderInFlight.get(name) ?? 0) + run.inFlight);
  };

  return {
    assign(run) {
      const name = nameOf(run.partition);
      const previous = current.get(name);
      if (previous !== undefined) end(name, previous);
      run.held = olderInFlight.has(name);
      current.set(name, run);
      return previous;
    },
    find(partition, generation) {
      const run = current.get(nameOf(partition));
      return run?.generation === generation ? run : undefined;
    },
    revoke(partition, generation) {
      const name = nameOf(partition);
      const run = current.get(name);
      if (run?.generation !== generation) return undefined;
      end(name, run);
      return run;
    },
    settled(run) {
      const name = nameOf(run.partition);
      const left = (olderInFlight.get(name) ?? 0) - 1;
      if (left > 0) {
        olderInFlight.set(name, left);
        return undefined;
      }
      olderInFlight.delete(name);
      const released = current.get(name);
      if (released !== undefined) released.held = false;
      return released;
    },
    all: () => current.values(),
  };
}

function nameOf({ logTopic, partition }: LogPartition): string {
  return `${logTopic}/${partition}`;
}
