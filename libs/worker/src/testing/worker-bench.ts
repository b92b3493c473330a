import { createFakeClock, type FakeClock } from '@belfry/testing/fake-clock';
import { createWorker, type Worker } from '../worker.ts';
import type { WorkerOptions } from '../worker-options.ts';
import { createInMemoryLog, type InMemoryLog } from './in-memory-log.ts';

/** A handler under way, named `key@offset,offset…` after the records it has; the test ends it. */
type OpenHandler = {
  readonly name: string;
  readonly lane: string;
  readonly crowded: boolean;
  readonly signal: AbortSignal;
  resolve(): void;
  reject(error: Error): void;
};

/** One started worker that owns every partition of `jobs.transactional` (2 partitions) and `jobs.bulk` (1), on a clock that stands still. */
export type WorkerBench = {
  readonly worker: Worker;
  readonly log: InMemoryLog;
  readonly clock: FakeClock;
  /** Handlers not ended yet, oldest first. */
  readonly open: OpenHandler[];
  /** Names of all handlers ever started. */
  readonly started: string[];
  /** Names of observer callbacks that are not about single records. */
  readonly observed: string[];
  append(logTopic: string, partition: number, keys: readonly string[]): void;
  /** Hands out what there is and lets it settle. */
  deliver(): Promise<void>;
  /** Ends the handler of that name, and lets it settle. */
  finish(name: string, error?: Error): Promise<void>;
  committed(logTopic: string, partition: number): bigint;
};

export const TRANSACTIONAL = 'jobs.transactional';
export const BULK = 'jobs.bulk';

export async function startWorkerBench(options: Partial<WorkerOptions> = {}): Promise<WorkerBench> {
  const log = createInMemoryLog({ [TRANSACTIONAL]: 2, [BULK]: 1 });
  const clock = createFakeClock();
  const open: OpenHandler[] = [];
  const started: string[] = [];
  const observed: string[] = [];
  const worker = createWorker({
    name: 'bench',
    log: log.port,
    clock,
    group: 'bench',
    lanes: [
      { lane: 'transactional', logTopic: TRANSACTIONAL, weight: 8 },
      { lane: 'bulk', logTopic: BULK, weight: 1 },
    ],
    concurrency: 8,
    handle: (records, { lane, crowded, signal }) =>
      new Promise((resolve, reject) => {
        const name = `${records[0].key}@${records.map(({ offset }) => offset).join()}`;
        started.push(name);
        const end = (settle: () => void) => () => {
          open.splice(open.indexOf(handler), 1);
          settle();
        };
        const handler: OpenHandler = {
          name,
          lane,
          crowded,
          signal,
          resolve: end(resolve),
          reject: (error) => end(() => reject(error))(),
        };
        open.push(handler);
      }),
    onHandlerError: () => 'retry',
    observe: {
      paused: ({ partition }) => observed.push(`paused ${partition}`),
      resumed: ({ partition }) => observed.push(`resumed ${partition}`),
      lookAheadReached: (_partition, watermark) => observed.push(`look-ahead ${watermark}`),
      commitFailed: () => observed.push('commit failed'),
      intakeClosed: (reason, pauseMs) => observed.push(`closed ${pauseMs}: ${reason}`),
      intakeOpened: () => observed.push('opened'),
      abandoned: (handlers) => observed.push(`abandoned ${handlers}`),
    },
    ...options,
  });
  await worker.start();
  const member = log.members[0];
  for (const target of log.partitions) log.move(target, member);

  return {
    worker,
    log,
    clock,
    open,
    started,
    observed,
    append(logTopic, partition, keys) {
      for (const key of keys) log.appendTo(log.partition(logTopic, partition), key);
    },
    async deliver() {
      log.deliverAll();
      await clock.settle();
    },
    async finish(name, error) {
      const handler = open.find((one) => one.name === name);
      if (handler === undefined)
        throw new Error(`${name} does not run; these do: ${open.map((one) => one.name).join()}`);
      if (error === undefined) handler.resolve();
      else handler.reject(error);
      await clock.settle();
    },
    committed: (logTopic, partition) => log.partition(logTopic, partition).committed,
  };
}
