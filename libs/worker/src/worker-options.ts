import type { Clock } from '@belfry/core/clock';
import type { Log, LogPartition, LogRecord } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';

export type WorkerLane = {
  readonly lane: string;
  readonly logTopic: string;
  /** Share of the handler slots relative to the other lanes, > 0. */
  readonly weight: number;
};

export type HandlerContext = {
  /**
   * Aborts when the drain budget is spent: the handler should settle at once; what it has not finished is repeated later. One signal for all
   * handlers: whoever adds a listener removes it.
   */
  readonly signal: AbortSignal;
  readonly lane: string;
  /**
   * The record's limit key is slow and at its limit, so it has no slot of its own: put the work off elsewhere, soon, and do not start what the limit is for.
   */
  readonly crowded: boolean;
};

export type WorkerOptions = {
  /** Name of the service. */
  readonly name: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Spreads the pauses after failures; without it they have no jitter. */
  readonly random?: Random;
  readonly group: string;
  /** At least one; each with a log topic of its own. */
  readonly lanes: readonly WorkerLane[];
  /** Handlers running at once, whole worker, ≥ 1. */
  readonly concurrency: number;
  /** Handlers running at once per partition, ≥ 1; default `concurrency`. */
  readonly perPartitionConcurrency?: number;
  /** Offsets between the watermark and the highest started, per partition, ≥ 1; default 10,000. */
  readonly lookAhead?: number;
  /**
   * A partition with this many records that could start is paused, and resumed at 0.8 of it; ≥ 1, default 2,000. Those that wait behind an earlier record of
   * their key do not count: a hanging key with many records must not stop the others. These the look-ahead bounds.
   */
  readonly bufferedRecords?: number;
  /**
   * A partition with this many bytes of values not yet started, of all its records, is paused, and resumed at 0.8 of it; ≥ 1, default 16 MiB. So a partition
   * holds at most `lookAhead` + `bufferedRecords` records or this many bytes, whichever is less, and one batch of the log more.
   */
  readonly bufferedBytes?: number;
  /**
   * Waiting records of one key that a handler may be given at once, ≥ 1; default 1. Nothing waits for more of them to come. Running handlers hold
   * up to `concurrency` × `keyBatch` records, within `lookAhead`.
   */
  readonly keyBatch?: number;
  /**
   * Awaited before offsets are committed: for effects of records that were done until then and need not be durable before the next record of their key starts. While it
   * rejects nothing is committed, and the worker pauses as if the log did not take the commit.
   */
  readonly beforeCommit?: () => Promise<void>;
  /** Milliseconds from the first record done to the commit that covers it, 1–1,000; default 1,000. */
  readonly commitIntervalMs?: number;
  /** Milliseconds that running handlers get to finish on drain, ≥ 0; default 15,000. The drain's own deadline may come first. */
  readonly drainBudgetMs?: number;
  /**
   * A second key (a provider's host, say) of which `perKeyConcurrency` bounds the handlers at once; undefined: no bound for the record. Records of
   * which it differs never share a handler.
   */
  readonly concurrencyKey?: (record: LogRecord) => string | undefined;
  /** Handlers running at once per `concurrencyKey`, ≥ 1; needed with `concurrencyKey`. What comes beyond waits in memory. */
  readonly perKeyConcurrency?: number;
  /**
   * Milliseconds, ≥ 1. A limit key of which half the handlers have been running for longer is slow: nothing waits for its slots, since that would fill the memory that other
   * keys' records need; the handler gets it with `crowded` set. Undefined: everything waits.
   */
  readonly perKeySlowMs?: number;
  /**
   * Gets the next 1 to `keyBatch` records of one key of one partition, in offset order. Resolves when the effects of all of them are durable: all
   * are done. Rejects only for broken infrastructure or a bug: then none is done and none is skipped, `onHandlerError` says what to do, and each
   * comes alone until it succeeds, so that one that cannot succeed does not hold back those before it. A record may come again.
   */
  readonly handle: (records: readonly [LogRecord, ...LogRecord[]], context: HandlerContext) => Promise<void>;
  /**
   * `retry`: the store or the log is down; the whole worker pauses (200 ms to 5 s) and tries again until a handler succeeds.
   * `stop`: a bug; the worker starts nothing more, and `failed` rejects.
   * `record` is the first of those the handler had.
   */
  readonly onHandlerError: (error: unknown, record: LogRecord) => 'retry' | 'stop';
  readonly observe?: WorkerObserver;
};

/** Callbacks for metrics and log lines. They run on the hot path: keep them short, and do not throw. */
export type WorkerObserver = {
  /** `inFlight`: handlers running, whole worker, this one included. */
  started?(lane: string, inFlight: number): void;
  finished?(lane: string, durationMs: number, result: 'done' | 'failed', inFlight: number): void;
  /** The partition has as many records or bytes in memory as it may. */
  paused?(partition: LogPartition): void;
  resumed?(partition: LogPartition): void;
  /** The record at `watermark` is so far behind that nothing above it may start: somebody should look at it. */
  lookAheadReached?(partition: LogPartition, watermark: bigint): void;
  committed?(partition: LogPartition, next: bigint): void;
  commitFailed?(partition: LogPartition, error: unknown): void;
  /** `record`: the first of those the handler had. */
  handlerFailed?(record: LogRecord, error: unknown, verdict: 'retry' | 'stop'): void;
  /** Nothing starts for `pauseMs`, because a handler or a commit failed. */
  intakeClosed?(reason: string, pauseMs: number): void;
  intakeOpened?(): void;
  /** A drain ended with this many handlers still running: their records will be repeated. */
  abandoned?(handlers: number): void;
};

export type WorkerLimits = {
  readonly concurrency: number;
  readonly perPartitionConcurrency: number;
  readonly lookAhead: number;
  readonly bufferedRecords: number;
  readonly resumeAtRecords: number;
  readonly bufferedBytes: number;
  readonly resumeAtBytes: number;
  readonly keyBatch: number;
  readonly commitIntervalMs: number;
  readonly drainBudgetMs: number;
  readonly perKeyConcurrency: number | undefined;
  readonly perKeySlowMs: number | undefined;
};

const BUFFERED_BYTES = 16 * 1024 * 1024;
const RESUME_PART = 0.8;
const MAX_COMMIT_INTERVAL_MS = 1_000;

/** Fills in defaults. Throws a RangeError that names the option and its limit: wrong wiring is a bug. */
export function limitsOf(options: WorkerOptions): WorkerLimits {
  checkLanes(options.lanes);
  const concurrency = integer('concurrency', options.concurrency, 1);
  const bufferedRecords = integer('bufferedRecords', options.bufferedRecords ?? 2_000, 1);
  const bufferedBytes = integer('bufferedBytes', options.bufferedBytes ?? BUFFERED_BYTES, 1);
  if (options.concurrencyKey !== undefined && options.perKeyConcurrency === undefined) {
    throw new RangeError('perKeyConcurrency is needed with concurrencyKey');
  }
  return {
    concurrency,
    perPartitionConcurrency: integer('perPartitionConcurrency', options.perPartitionConcurrency ?? concurrency, 1),
    lookAhead: integer('lookAhead', options.lookAhead ?? 10_000, 1),
    bufferedRecords,
    resumeAtRecords: Math.floor(bufferedRecords * RESUME_PART),
    bufferedBytes,
    resumeAtBytes: Math.floor(bufferedBytes * RESUME_PART),
    keyBatch: integer('keyBatch', options.keyBatch ?? 1, 1),
    commitIntervalMs: integer('commitIntervalMs', options.commitIntervalMs ?? 1_000, 1, MAX_COMMIT_INTERVAL_MS),
    drainBudgetMs: integer('drainBudgetMs', options.drainBudgetMs ?? 15_000, 0),
    perKeyConcurrency:
      options.concurrencyKey === undefined
        ? undefined
        : integer('perKeyConcurrency', options.perKeyConcurrency ?? 1, 1),
    perKeySlowMs: options.perKeySlowMs === undefined ? undefined : integer('perKeySlowMs', options.perKeySlowMs, 1),
  };
}

function checkLanes(lanes: readonly WorkerLane[]): void {
  if (lanes.length === 0) throw new RangeError('lanes must have at least one entry');
  if (new Set(lanes.map((lane) => lane.logTopic)).size !== lanes.length) {
    throw new RangeError('lanes must each have a logTopic of its own');
  }
  for (const { lane, weight } of lanes) {
    if (!(weight > 0 && Number.isFinite(weight)))
      throw new RangeError(`lanes: weight of "${lane}" must be above 0, not ${weight}`);
  }
}

function integer(name: string, value: number, min: number, max = Number.MAX_SAFE_INTEGER): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const limit = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `${min} to ${max}`;
  throw new RangeError(`${name} must be a whole number, ${limit}, not ${value}`);
}
