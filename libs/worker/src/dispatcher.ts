import type { Cancel } from '@belfry/core/clock';
import { messageOf } from './committer.ts';
import { type IntakeGate, pauseAfterMs } from './intake-gate.ts';
import type { KeyLimit } from './key-limit.ts';
import { createLaneQueue } from './lane-queue.ts';
import type { LaneScheduler } from './lane-scheduler.ts';
import { type PartitionRun, recordsOf, type Task } from './partition-run.ts';
import type { HandlerContext, WorkerLimits, WorkerOptions } from './worker-options.ts';

/** Starts handlers while there is work, a free slot and leave to start, and puts their results where they belong. */
export type Dispatcher = {
  readonly inFlight: number;
  /** The partition may have something to start. */
  offer(run: PartitionRun): void;
  /** The run was dropped: work that waited behind its tasks is offered again. */
  dropped(): void;
  /** Tasks that do not wait for their limit key any more. */
  offerAgain(tasks: readonly Task[]): void;
  /** Starts what may start now. */
  pump(): void;
  /** Resolves when no handler runs. */
  idle(): Promise<void>;
  /** Forgets the retries that were to come; for when nothing is to start any more. */
  close(): void;
};

export type DispatcherOptions = {
  readonly worker: WorkerOptions;
  readonly limits: WorkerLimits;
  readonly scheduler: LaneScheduler;
  readonly gate: IntakeGate;
  readonly limit: KeyLimit<Task> | undefined;
  readonly signal: AbortSignal;
  readonly mayStart: () => boolean;
  /** Less of the run waits to start than before. */
  readonly onShrunk: (run: PartitionRun) => void;
  readonly onMoved: (run: PartitionRun) => void;
  /** Returns the run that may go on because of it, if any. */
  readonly onDroppedSettled: (run: PartitionRun) => PartitionRun | undefined;
  readonly onGateClosed: (reason: string, pauseMs: number) => void;
  readonly onStop: (error: unknown, task: Task) => void;
};

/** A place for a running handler. Places are used again, so that a record costs no functions of its own. */
type Slot = { occupy(task: Task, context: HandlerContext): void };

/** Handlers that settle without I/O would otherwise keep sockets and timers waiting for as long as there are records. */
const STARTS_PER_TURN = 256;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { worker, limits, scheduler, gate, limit } = options;
  const { clock, observe } = worker;
  const queues = worker.lanes.map(() => createLaneQueue(limits.perPartitionConcurrency, limit, options.onShrunk));
  const contextsOf = (crowded: boolean): readonly HandlerContext[] =>
    worker.lanes.map(({ lane }) => ({ signal: options.signal, lane, crowded }));
  const contexts = contextsOf(false);
  const crowdedContexts = contextsOf(true);
  const measured = observe?.finished !== undefined;
  const retries = new Set<Cancel>();
  const waitingForIdle: (() => void)[] = [];
  const freeSlots: Slot[] = [];
  let startsLeft = STARTS_PER_TURN;
  let yielding = false;
  let pumping = false;
  let pumpIsDue = false;

  const hasWork = (lane: number) => queues[lane]?.hasWork() ?? false;
  const offer = (run: PartitionRun) => queues[run.laneIndex]?.enqueue(run);

  const unpark = (task: Task) => {
    if (task.run.dropped) return;
    task.run.ready.unshift(task);
    offer(task.run);
  };

  const yieldTurn = () => {
    yielding = true;
    setImmediate(() => {
      yielding = false;
      startsLeft = STARTS_PER_TURN;
      pump();
    });
  };

  const pump = () => {
    if (pumping || yielding) return;
    pumping = true;
    while (options.mayStart()) {
      if (startsLeft === 0) {
        yieldTurn();
        break;
      }
      const lane = scheduler.start(hasWork);
      if (lane === undefined) break;
      const task = queues[lane]?.take();
      if (task !== undefined) start(task, lane);
    }
    pumping = false;
  };

  /** Handlers that settle together are replaced together. */
  const pumpSoon = () => {
    if (pumpIsDue) return;
    pumpIsDue = true;
    queueMicrotask(() => {
      pumpIsDue = false;
      pump();
    });
  };

  const createSlot = (): Slot => {
    let task: Task | undefined;
    let context: HandlerContext | undefined;
    const leave = (then: (task: Task, context: HandlerContext) => void) => {
      if (task === undefined || context === undefined) return;
      const left = task;
      const leftContext = context;
      task = undefined;
      freeSlots.push(slot);
      then(left, leftContext);
    };
    const onFulfilled = () => leave(onDone);
    const onRejected = (error: unknown) => leave((left, leftContext) => onFailed(left, leftContext, error));
    const slot: Slot = {
      occupy(given, givenContext) {
        task = given;
        context = givenContext;
        handle(given, givenContext).then(onFulfilled, onRejected);
      },
    };
    return slot;
  };

  const start = (task: Task, lane: number) => {
    startsLeft--;
    task.gateToken = gate.started();
    if (measured) task.startedAtMs = clock.monotonicMs();
    options.onShrunk(task.run);
    const context = (task.crowded ? crowdedContexts : contexts)[lane];
    if (context === undefined) return;
    observe?.started?.(context.lane, scheduler.inFlight);
    (freeSlots.pop() ?? createSlot()).occupy(task, context);
  };

  const handle = (task: Task, context: HandlerContext): Promise<void> => {
    try {
      return worker.handle(recordsOf(task), context);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  const onDone = (task: Task, context: HandlerContext) => {
    const moved = task.run.done(task);
    if (moved) {
      options.onMoved(task.run);
      // What the look-ahead lets in now may all stand behind records that run.
      options.onShrunk(task.run);
    }
    if (gate.succeeded(task.gateToken)) observe?.intakeOpened?.();
    settle(task, context, 'done');
  };

  const onFailed = (task: Task, context: HandlerContext, error: unknown) => {
    const verdict = worker.onHandlerError(error, task.record);
    task.run.failed(task);
    retry(task);
    observe?.handlerFailed?.(task.record, error, verdict);
    if (verdict === 'stop') options.onStop(error, task);
    const reason = messageOf(error);
    const pauseMs = gate.failed(task.gateToken, reason);
    if (pauseMs !== undefined) options.onGateClosed(reason, pauseMs);
    settle(task, context, 'failed');
  };

  /**
   * Others go first; from its second failure on also for a time. Otherwise a record that always fails, among others that do not, would close the
   * gate again as soon as they have opened it.
   */
  const retry = (task: Task) => {
    if (task.failures === 1) {
      if (!task.run.dropped) task.run.ready.push(task);
      return;
    }
    const cancel = clock.schedule(pauseAfterMs(task.failures, worker.random), () => {
      retries.delete(cancel);
      if (task.run.dropped) return;
      task.run.ready.push(task);
      offer(task.run);
      pump();
    });
    retries.add(cancel);
  };

  const settle = (task: Task, context: HandlerContext, result: 'done' | 'failed') => {
    const { run } = task;
    scheduler.finish(run.laneIndex);
    if (measured) {
      observe?.finished?.(context.lane, clock.monotonicMs() - task.startedAtMs, result, scheduler.inFlight);
    }
    if (task.limitKey !== undefined && limit !== undefined && !task.crowded) {
      const next = limit.release(task.limitKey, task);
      if (next !== undefined) unpark(next);
    }
    const startable = run.dropped ? options.onDroppedSettled(run) : run;
    if (startable !== undefined) offer(startable);
    pumpSoon();
    if (scheduler.inFlight > 0) return;
    for (const resolve of waitingForIdle.splice(0)) resolve();
  };

  return {
    get inFlight() {
      return scheduler.inFlight;
    },
    offer,
    dropped() {
      for (const task of limit?.unparkAll() ?? []) unpark(task);
    },
    offerAgain(tasks) {
      // Each goes before the others of its partition, so the oldest comes last.
      for (const task of tasks.toReversed()) unpark(task);
      pump();
    },
    pump,
    idle() {
      if (scheduler.inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => {
        waitingForIdle.push(resolve);
      });
    },
    close() {
      for (const cancel of retries) cancel();
      retries.clear();
      limit?.unparkAll();
    },
  };
}
