import { type Cancel, type Clock, sleep } from '@belfry/core/clock';
import type { ConsumeHandler, LogConsumer } from '@belfry/core/log';
import type { Service } from '@belfry/core/service';
import { createAssignments } from './assignments.ts';
import { createCommitter, messageOf } from './committer.ts';
import { createDispatcher } from './dispatcher.ts';
import { createIntakeGate } from './intake-gate.ts';
import { createKeyLimit } from './key-limit.ts';
import { createLaneScheduler } from './lane-scheduler.ts';
import { createPartitionRun, type PartitionRun, type Task } from './partition-run.ts';
import { limitsOf, type WorkerOptions } from './worker-options.ts';

export type Worker = Service & {
  /** Rejects when `onHandlerError` said `stop`; the process should end. Never resolves; unwatched, it is harmless. */
  readonly failed: Promise<never>;
};

/** Milliseconds for handlers to obey an aborted signal, and for the last commit, once the drain budget is spent. */
const ABORT_GRACE_MS = 250;
const LAST_COMMIT_MS = 2_000;

type Phase = 'created' | 'running' | 'failed' | 'draining' | 'closed';

/**
 * Consumes the lanes' log topics: records of one key and partition one after the other in offset order, different keys at once, and commits
 * only what has nothing unfinished below it. A handler may be given several records of its key at once (`keyBatch`). At least once: what a crash, a drain past its budget or a reassignment interrupts comes again.
 *
 * Throws a RangeError that names the option when one is out of range.
 */
export function createWorker(options: WorkerOptions): Worker {
  const { clock, observe } = options;
  const limits = limitsOf(options);
  const laneIndexes = new Map(options.lanes.map(({ logTopic }, index) => [logTopic, index]));
  const assignments = createAssignments();
  const gate = createIntakeGate(options.random);
  const { perKeyConcurrency, perKeySlowMs } = limits;
  const onSlow = (tasks: readonly Task[]) => dispatcher.offerAgain(tasks);
  const limit =
    perKeyConcurrency === undefined
      ? undefined
      : createKeyLimit<Task>({ limit: perKeyConcurrency, slowMs: perKeySlowMs, clock, onSlow });
  const abort = new AbortController();
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  let phase: Phase = 'created';
  let failureReason: string | undefined;
  let consumer: LogConsumer | undefined;
  let hasJoined = false;
  let cancelProbe: Cancel | undefined;

  const committer = createCommitter({
    clock,
    random: options.random,
    intervalMs: limits.commitIntervalMs,
    beforeCommit: options.beforeCommit,
    commit: async (run, next) => consumer?.commit(run.partition, run.generation, next),
    onCommitted: (run, next) => observe?.committed?.(run.partition, next),
    onFailed: (run, error) => observe?.commitFailed?.(run.partition, error),
    onTrouble: (reason, pauseMs) => observe?.intakeClosed?.(reason, pauseMs),
    onRecovered: () => {
      observe?.intakeOpened?.();
      dispatcher.pump();
    },
  });

  const dispatcher = createDispatcher({
    worker: options,
    limits,
    gate,
    limit,
    signal: abort.signal,
    scheduler: createLaneScheduler(
      options.lanes.map((lane) => lane.weight),
      limits.concurrency,
    ),
    mayStart: () => phase === 'running' && consumer !== undefined && gate.mayStart() && committer.trouble === undefined,
    onShrunk: resumeWhenLow,
    onMoved: (run) => {
      if (phase !== 'closed') committer.touch(run);
    },
    onDroppedSettled: (run) => assignments.settled(run),
    onGateClosed: (reason, pauseMs) => {
      if (phase !== 'running') return;
      observe?.intakeClosed?.(reason, pauseMs);
      cancelProbe = clock.schedule(pauseMs, () => {
        gate.probe();
        dispatcher.pump();
      });
    },
    onStop: (error, { record }) => {
      if (failureReason !== undefined) return;
      if (phase === 'running') phase = 'failed';
      failureReason = `handler failed at ${record.logTopic}/${record.partition} offset ${record.offset}: ${messageOf(error)}`;
      pauseAll();
      failure.reject(new Error(`${options.name}: ${failureReason}`, { cause: error }));
    },
  });

  function pause(run: PartitionRun): void {
    if (run.paused) return;
    run.paused = true;
    consumer?.pause(run.partition);
    observe?.paused?.(run.partition);
  }

  function pauseAll(): void {
    for (const run of assignments.all()) pause(run);
  }

  function resumeWhenLow(run: PartitionRun): void {
    if (!run.paused || run.dropped || phase !== 'running') return;
    if (run.startable > limits.resumeAtRecords || run.waitingBytes > limits.resumeAtBytes) return;
    run.paused = false;
    consumer?.resume(run.partition);
    observe?.resumed?.(run.partition);
  }

  function drop(run: PartitionRun): void {
    run.drop();
    dispatcher.dropped();
  }

  const consumeHandler: ConsumeHandler = {
    onAssigned(partition, generation) {
      const laneIndex = laneIndexes.get(partition.logTopic);
      if (laneIndex === undefined)
        throw new Error(`assigned a partition of ${partition.logTopic}, which no lane names`);
      const run = createPartitionRun({
        partition,
        generation,
        laneIndex,
        lookAhead: limits.lookAhead,
        keyBatch: limits.keyBatch,
        concurrencyKey: options.concurrencyKey,
      });
      const previous = assignments.assign(run);
      if (previous !== undefined) drop(previous);
      if (phase === 'failed' || phase === 'draining') pause(run);
    },
    onBatch(partition, generation, records) {
      if (phase !== 'running') return;
      const run = assignments.find(partition, generation);
      if (run === undefined) return;
      const wasFull = run.full;
      run.offer(records);
      if (run.full && !wasFull) observe?.lookAheadReached?.(partition, run.committable() ?? 0n);
      dispatcher.offer(run);
      dispatcher.pump();
      if (run.startable >= limits.bufferedRecords || run.waitingBytes >= limits.bufferedBytes) pause(run);
    },
    /** Without a last commit: the log ignores commits of this generation from here on. What was done since the last one comes again. */
    onRevoked(partition, generation) {
      const run = assignments.revoke(partition, generation);
      if (run === undefined) return;
      drop(run);
      dispatcher.pump();
    },
  };

  async function finish(deadline: AbortSignal | undefined): Promise<void> {
    phase = 'draining';
    cancelProbe?.();
    pauseAll();
    if (deadline !== undefined) await settleWithin(clock, dispatcher.idle(), limits.drainBudgetMs, deadline);
    if (dispatcher.inFlight > 0) {
      abort.abort(new Error('the drain budget is spent'));
      await settleWithin(clock, dispatcher.idle(), ABORT_GRACE_MS);
      if (dispatcher.inFlight > 0) observe?.abandoned?.(dispatcher.inFlight);
    }
    await settleWithin(clock, committer.flush(), LAST_COMMIT_MS);
    phase = 'closed';
    committer.close();
    dispatcher.close();
    await consumer?.close();
  }

  let finished: Promise<void> | undefined;

  return {
    name: options.name,
    failed: failure.promise,
    async start() {
      if (phase !== 'created') throw new Error(`${options.name} was started before`);
      phase = 'running';
      const logTopics = options.lanes.map((lane) => lane.logTopic);
      const joined = await options.log.consume({ group: options.group, logTopics }, consumeHandler);
      if (finished !== undefined) return joined.close();
      consumer = joined;
      void joined.joined.then(() => {
        hasJoined = true;
      });
      for (const run of assignments.all()) {
        if (run.paused) joined.pause(run.partition);
      }
      dispatcher.pump();
    },
    drain(deadline) {
      finished ??= finish(deadline);
      return finished;
    },
    stop() {
      finished ??= finish(undefined);
      return finished;
    },
    unready() {
      if (failureReason !== undefined) return failureReason;
      if (phase === 'created') return 'not started';
      if (phase !== 'running') return 'draining';
      if (!hasJoined) return `group ${options.group} has not given it partitions yet`;
      if (committer.trouble !== undefined) return committer.trouble;
      if (gate.state !== 'open' && hasSomethingToTry()) return `handlers fail, intake is paused: ${gate.reason}`;
      return undefined;
    },
  };

  /** Without work nobody can tell whether the trouble is over, so it is not held against readiness. */
  function hasSomethingToTry(): boolean {
    if (dispatcher.inFlight > 0) return true;
    for (const run of assignments.all()) if (run.isUnfinished) return true;
    return false;
  }
}

/** Resolves when `work` does, when `budgetMs` have passed or when `deadline` aborts. */
async function settleWithin(
  clock: Clock,
  work: Promise<void>,
  budgetMs: number,
  deadline?: AbortSignal,
): Promise<void> {
  const over = new AbortController();
  const signal = deadline === undefined ? over.signal : AbortSignal.any([deadline, over.signal]);
  await Promise.race([work, sleep(clock, budgetMs, signal)]);
  over.abort();
}
