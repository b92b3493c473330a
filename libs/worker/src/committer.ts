import type { Cancel, Clock } from '@belfry/core/clock';
import type { Random } from '@belfry/core/random';
import { pauseAfterMs } from './intake-gate.ts';
import type { PartitionRun } from './partition-run.ts';

/**
 * Commits watermarks: at most one round every `intervalMs`, one round at a time (so that an older commit cannot overtake a newer one), and no
 * timer while there is nothing to commit. A dropped run is passed over: its partition is not ours to speak for. A commit that fails is repeated with growing pauses; until it works, `trouble` says why.
 */
export type Committer = {
  readonly trouble: string | undefined;
  /** The run has more to commit. Cheap: called once per record. */
  touch(run: PartitionRun): void;
  /** Commits now what there is. Resolves when it is durable or has failed; failures are reported, never thrown. */
  flush(): Promise<void>;
  /** No round starts from here on. */
  close(): void;
};

export type CommitterOptions = {
  readonly clock: Clock;
  readonly random: Random | undefined;
  readonly intervalMs: number;
  /** Before each round, for what was done until then; where it rejects, nothing is committed. */
  readonly beforeCommit: (() => Promise<void>) | undefined;
  readonly commit: (run: PartitionRun, next: bigint) => Promise<void>;
  readonly onCommitted: (run: PartitionRun, next: bigint) => void;
  readonly onFailed: (run: PartitionRun, error: unknown) => void;
  /** A round failed; the next comes in `pauseMs`. */
  readonly onTrouble: (reason: string, pauseMs: number) => void;
  /** A round worked after one had failed. */
  readonly onRecovered: () => void;
};

export function createCommitter(options: CommitterOptions): Committer {
  const { clock } = options;
  const touched = new Set<PartitionRun>();
  let cancelTimer: Cancel | undefined;
  let round: Promise<void> | undefined;
  let trouble: string | undefined;
  let failures = 0;
  let closed = false;

  const arm = (delayMs: number) => {
    if (cancelTimer !== undefined || round !== undefined || closed) return;
    cancelTimer = clock.schedule(delayMs, () => {
      cancelTimer = undefined;
      void startRound();
    });
  };

  const commitRun = async (run: PartitionRun, next: bigint | undefined, prepared: Promise<void>): Promise<boolean> => {
    if (next === undefined || run.dropped) return true;
    try {
      await prepared;
      await options.commit(run, next);
    } catch (error) {
      if (run.dropped) return true;
      touched.add(run);
      trouble = `cannot commit ${run.partition.logTopic}/${run.partition.partition}: ${messageOf(error)}`;
      options.onFailed(run, error);
      return false;
    }
    if (!run.dropped) options.onCommitted(run, next);
    return true;
  };

  const commitAll = async (): Promise<void> => {
    // Taken before the preparation begins: what is done meanwhile is not covered by it.
    const ends = [...touched].map((run) => ({ run, next: run.committable() }));
    touched.clear();
    const prepared = options.beforeCommit?.() ?? Promise.resolve();
    prepared.catch(() => {});
    const worked = (await Promise.all(ends.map(({ run, next }) => commitRun(run, next, prepared)))).every(Boolean);
    round = undefined;
    if (!worked) {
      failures++;
      const pauseMs = pauseAfterMs(failures, options.random);
      arm(pauseMs);
      options.onTrouble(trouble ?? '', pauseMs);
      return;
    }
    if (touched.size > 0) arm(options.intervalMs);
    if (failures === 0) return;
    failures = 0;
    trouble = undefined;
    options.onRecovered();
  };

  const startRound = (): Promise<void> => {
    round ??= commitAll();
    return round;
  };

  return {
    get trouble() {
      return trouble;
    },
    touch(run) {
      touched.add(run);
      if (cancelTimer === undefined) arm(options.intervalMs);
    },
    async flush() {
      await round;
      cancelTimer?.();
      cancelTimer = undefined;
      if (touched.size > 0) await startRound();
    },
    close() {
      closed = true;
      cancelTimer?.();
      cancelTimer = undefined;
    },
  };
}

/** The message of whatever was thrown, cut to what fits a line. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
