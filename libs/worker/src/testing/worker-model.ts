import { sleep } from '@belfry/core/clock';
import type { LogRecord } from '@belfry/core/log';
import { createFakeClock, type FakeClock } from '@belfry/testing/fake-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import fc from 'fast-check';
import { expect } from 'vitest';
import { createWorker, type Worker } from '../worker.ts';
import type { HandlerContext } from '../worker-options.ts';
import { createHandlerOracle, type HandlerOracle, type Handling, hostOf } from './handler-oracle.ts';
import { createInMemoryLog, type InMemoryLog, type InMemoryPartition, type Member } from './in-memory-log.ts';

const LIMITS = { concurrency: 6, perPartitionConcurrency: 4, perHostConcurrency: 2, lookAhead: 12 };
/** Short beside what steps wait, so that hosts are slow at times. */
const SLOW_MS = 300;
const BUFFERED = 8;
const RESUME_AT = Math.floor(BUFFERED * 0.8);
const BATCH = 6;
const PROCESSES = 2;
const PREPARATION_MS = 20;
/** Beyond that of a worker after failures, jitter and preparation included. */
const LONGEST_PAUSE_MS = 7_000;
const KEYS = ['a', 'b', 'c', 'host1-x', 'host1-y', 'host1-z', 'host2-x', 'moves'];

/** Something that happens to the processes. Numbers choose among what there is at the time. */
type Step =
  | { readonly kind: 'append'; readonly at: number; readonly keys: readonly string[]; readonly gap: number }
  | { readonly kind: 'deliver'; readonly at: number; readonly max: number }
  | { readonly kind: 'finish' | 'fail'; readonly pick: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'move'; readonly at: number; readonly to: number }
  | { readonly kind: 'crash'; readonly at: number }
  | { readonly kind: 'drain'; readonly at: number; readonly orderly: boolean }
  | { readonly kind: 'commits' | 'preparations'; readonly work: boolean };

const nat = fc.nat({ max: 1_000 });
export const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      at: nat,
      keys: fc.oneof(
        fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 8 }),
        fc.array(fc.constantFrom('a', 'moves'), { minLength: 4, maxLength: 12 }),
      ),
      gap: fc.constantFrom(0, 0, 0, 1, 5, 30),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('deliver' as const), at: nat, max: fc.integer({ min: 1, max: BATCH }) }),
  },
  { weight: 14, arbitrary: fc.record({ kind: fc.constant('finish' as const), pick: nat }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fail' as const), pick: nat }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 50, 300, 1_000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), at: nat, to: nat }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), at: nat }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drain' as const), at: nat, orderly: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('commits' as const, 'preparations' as const), work: fc.boolean() }),
  },
);

type Process = { readonly id: number; readonly worker: Worker; readonly member: Member };

/**
 * Two processes that share a log with three partitions, under a clock, a log and handlers that only steps move. Every record that starts, ends or
 * is committed goes past the oracle.
 */
export class WorkerModel {
  readonly clock: FakeClock = createFakeClock();
  readonly log: InMemoryLog = createInMemoryLog({ fast: 2, slow: 1 });
  readonly oracle: HandlerOracle;
  readonly processes: Process[] = [];
  broken: unknown;
  private preparationsWork = true;
  private started = 0;
  /** What a crashed process still does in this one's memory did not happen. */
  private readonly crashed = new Set<number>();
  private readonly keyBatch: number;

  constructor(keyBatch: number) {
    this.keyBatch = keyBatch;
    this.oracle = createHandlerOracle({ ...LIMITS, keyBatch }, (record) => this.partitionOf(record));
  }

  async start(): Promise<void> {
    this.log.onCommit = (target, next) => this.guard(() => this.oracle.committed(target, next));
    for (let slot = 0; slot < PROCESSES; slot++) await this.startProcess(slot);
    for (const target of this.log.partitions) this.log.move(target, this.at(target.partition).member);
  }

  private partitionOf(record: LogRecord): InMemoryPartition {
    return this.log.partition(record.logTopic, record.partition);
  }

  private async startProcess(slot: number): Promise<void> {
    const id = ++this.started;
    const worker = createWorker({
      name: `process-${id}`,
      log: this.log.port,
      clock: this.clock,
      random: createSeededRandom(id),
      group: 'model',
      lanes: [
        { lane: 'transactional', logTopic: 'fast', weight: 8 },
        { lane: 'bulk', logTopic: 'slow', weight: 1 },
      ],
      concurrency: LIMITS.concurrency,
      perPartitionConcurrency: LIMITS.perPartitionConcurrency,
      lookAhead: LIMITS.lookAhead,
      bufferedRecords: BUFFERED,
      keyBatch: this.keyBatch,
      concurrencyKey: hostOf,
      perKeyConcurrency: LIMITS.perHostConcurrency,
      perKeySlowMs: SLOW_MS,
      handle: (records, context) => this.handle(id, records, context),
      onHandlerError: () => 'retry',
      beforeCommit: () => this.prepare(id),
    });
    await worker.start();
    const member = this.log.members.at(-1);
    if (member === undefined) throw new Error('the worker did not join');
    this.processes[slot] = { id, worker, member };
  }

  /** Takes its time, so that records are done meanwhile which it does not cover. */
  private async prepare(process: number): Promise<void> {
    const records = [...this.oracle.toTell(process)];
    await sleep(this.clock, PREPARATION_MS);
    if (!this.preparationsWork) throw new Error('the log is down');
    if (!this.crashed.has(process)) this.oracle.told(records);
  }

  private handle(process: number, records: Handling['records'], { signal, crowded }: HandlerContext): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.crashed.has(process)) return;
      const { generation, owner } = this.partitionOf(records[0]);
      const handling: Handling = {
        process,
        generation,
        records,
        crowded,
        signal,
        succeed: () => {
          this.oracle.succeeded(handling);
          resolve();
        },
        fail: () => {
          this.oracle.failed(handling);
          reject(new Error('the store is down'));
        },
      };
      this.guard(() => {
        expect(owner, 'nothing of a revoked partition starts').toBe(this.memberOf(process));
        this.oracle.started(handling);
      });
    });
  }

  /** An oracle that throws inside a handler would only look like a failed handler to the worker. */
  private guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.broken ??= error;
    }
  }

  private pick<T>(from: Iterable<T>, index: number): T | undefined {
    const items = [...from];
    return items[index % items.length];
  }

  async apply(action: Step): Promise<void> {
    const target = 'at' in action ? this.pick(this.log.partitions, action.at) : undefined;
    switch (action.kind) {
      case 'append':
        if (target === undefined) return;
        for (const [index, key] of action.keys.entries()) this.log.appendTo(target, key, index === 0 ? action.gap : 0);
        return;
      case 'deliver':
        if (target !== undefined) this.deliver(target, action.max);
        return;
      case 'finish':
        return this.pick(this.oracle.running, action.pick)?.succeed();
      case 'fail':
        return this.pick(this.oracle.running, action.pick)?.fail();
      case 'wait':
        return this.clock.advance(action.ms);
      case 'move':
        if (target !== undefined) this.log.move(target, this.pick([undefined, ...this.processes], action.to)?.member);
        return;
      case 'commits':
        this.log.commitError = action.work ? undefined : new Error('the log is down');
        return;
      case 'preparations':
        this.preparationsWork = action.work;
        return;
      case 'crash': {
        const slot = action.at % PROCESSES;
        const { id, member } = this.at(slot);
        this.log.crash(member);
        this.crashed.add(id);
        this.oracle.crashed(id);
        return this.startProcess(slot);
      }
      case 'drain':
        return this.drain(action.at % PROCESSES, action.orderly);
    }
  }

  private deliver(target: InMemoryPartition, max: number): void {
    this.log.deliver(target, max);
    if (target.owner === undefined) return;
    this.guard(() => {
      const { unstarted, startable } = this.waiting(target);
      // Between two batches each running handler may have made room for the next of its key.
      const released = LIMITS.perPartitionConcurrency;
      expect(startable, 'records that could start').toBeLessThan(BUFFERED + BATCH + released);
      expect(unstarted, 'records in memory').toBeLessThan(LIMITS.lookAhead + BUFFERED + BATCH);
    });
  }

  /** A partition that is paused has a reason: whatever hangs, the others of it are read. To be called when everything has settled. */
  checkPauses(): void {
    for (const target of this.log.partitions) {
      if (!target.paused || target.owner === undefined) continue;
      this.guard(() => {
        expect(this.waiting(target).idle, 'records that could start while paused').toBeGreaterThan(RESUME_AT);
      });
    }
  }

  private waiting(target: InMemoryPartition) {
    const process = this.processes.find(({ member }) => member === target.owner)?.id ?? 0;
    return this.oracle.waiting(process, target);
  }

  private memberOf(id: number): Member | undefined {
    return this.processes.find((process) => process.id === id)?.member;
  }

  private at(slot: number): Process {
    const process = this.processes[slot];
    if (process === undefined) throw new Error(`no process ${slot}`);
    return process;
  }

  private async drain(slot: number, orderly: boolean): Promise<void> {
    const { id, worker } = this.at(slot);
    const before = this.handlingsOf(id);
    const drained = worker.drain?.(new AbortController().signal);
    if (orderly) for (const handling of before) handling.succeed();
    await this.clock.advance(20_000);
    await drained;
    this.guard(() => {
      const after = this.handlingsOf(id);
      expect(after.filter((handling) => !before.includes(handling))).toEqual([]);
      expect(after.every((handling) => handling.signal.aborted)).toBe(true);
    });
    this.oracle.crashed(id);
    await this.startProcess(slot);
  }

  private handlingsOf(id: number): Handling[] {
    return [...this.oracle.running].filter((handling) => handling.process === id);
  }

  /** No more faults, an owner for everything, every handler succeeds: now all must come to an end. */
  async heal(): Promise<void> {
    this.log.commitError = undefined;
    this.preparationsWork = true;
    for (const target of this.log.partitions) {
      if (target.owner === undefined) this.log.move(target, this.at(target.partition % PROCESSES).member);
    }
    for (let round = 0; round < 400 && !this.isSettled() && this.broken === undefined; round++) {
      for (const target of this.log.partitions) this.deliver(target, BATCH);
      for (const handling of [...this.oracle.running]) handling.succeed();
      await this.clock.advance(round % 4 === 3 ? 5_000 : 10);
    }
    // A commit that failed may be of a partition that has moved on since. Its worker finds that out after its pause.
    await this.clock.advance(LONGEST_PAUSE_MS);
  }

  isSettled(): boolean {
    return (
      this.oracle.running.size === 0 &&
      this.log.partitions.every(({ records, committed }) => committed === (records.at(-1)?.offset ?? -1n) + 1n)
    );
  }
}
