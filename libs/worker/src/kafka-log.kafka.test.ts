import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, LogRecord } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { createKafkaLog } from '@belfry/log-kafka';
import { findKafka } from '@belfry/testing/find-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWorker, type Worker } from './worker.ts';
import type { WorkerOptions } from './worker-options.ts';

const GROUP = 'router';
const LANES = [
  { lane: 'transactional', logTopic: 'jobs.transactional', weight: 8 },
  { lane: 'bulk', logTopic: 'jobs.bulk', weight: 1 },
] as const;
const KEYS = 40;
const ROUNDS = 60;
const TOTAL = KEYS * ROUNDS * LANES.length;
const CONSUME = { sessionTimeoutMs: 6_000, heartbeatIntervalMs: 300 };
const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 60_000, interval: 50 });

describeNeeding('kafka', await findKafka(), 'a worker over Kafka', ({ brokers }) => {
  const random = createSeededRandom(11);
  let prefix: string;
  let logs: Log[];

  beforeEach(async () => {
    prefix = `${randomUUID()}.`;
    logs = [];
    const settings = { partitions: 3, retentionMs: 3_600_000, groups: [GROUP] };
    await (await open()).ensureTopics(LANES.map(({ logTopic }) => ({ name: logTopic, ...settings })));
  });
  afterEach(() => Promise.all(logs.map((log) => log.close())), 60_000);

  /** Each worker has a log of its own, as in a process of its own. */
  async function open(): Promise<Log> {
    const log = await createKafkaLog({
      brokers,
      clientId: 'belfry-test',
      prefix,
      topics: { replicationFactor: 1, minInsyncReplicas: 1 },
      consume: CONSUME,
      clock,
      logger: { info: () => {}, warn: () => {}, error: () => {} },
      onFatal(error) {
        throw error;
      },
    });
    logs.push(log);
    return log;
  }

  async function appendAll(log: Log): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      const records = Array.from({ length: KEYS }, (_, key) => ({ key: `key-${key}`, value: Buffer.from(`${round}`) }));
      await Promise.all(LANES.map(({ logTopic }) => log.append(logTopic, records)));
      await sleep(20);
    }
  }

  /** What was handled to the end, and at which watermark each partition may stand. */
  function createLedger() {
    const firsts = new Map<string, number[]>();
    const done = new Map<string, Set<bigint>>();
    const early: string[] = [];
    let handled = 0;
    return {
      firsts,
      early,
      get handled() {
        return handled;
      },
      get different() {
        return [...firsts.values()].reduce((sum, rounds) => sum + rounds.length, 0);
      },
      note({ logTopic, partition, offset, key, value }: LogRecord) {
        handled++;
        const round = Number(Buffer.from(value).toString());
        const rounds = firsts.get(`${logTopic}/${key}`) ?? [];
        if (!rounds.includes(round)) rounds.push(round);
        firsts.set(`${logTopic}/${key}`, rounds);
        const offsets = done.get(`${logTopic}/${partition}`) ?? new Set();
        done.set(`${logTopic}/${partition}`, offsets.add(offset));
      },
      /** Everything below a committed offset must be done, by whomever: offsets are dense here. */
      committed(name: string, next: bigint) {
        const offsets = done.get(name) ?? new Set();
        for (let offset = 0n; offset < next; offset++) {
          if (!offsets.has(offset)) early.push(`${name} committed ${next} before ${offset} was done`);
        }
      },
    };
  }
  type Ledger = ReturnType<typeof createLedger>;

  async function startWorker(ledger: Ledger, options: Partial<WorkerOptions> = {}): Promise<Worker> {
    const worker = createWorker({
      name: GROUP,
      log: await open(),
      clock,
      group: GROUP,
      lanes: LANES,
      concurrency: 16,
      lookAhead: 200,
      bufferedRecords: 50,
      keyBatch: 4,
      commitIntervalMs: 20,
      drainBudgetMs: 3_000,
      async handle(records) {
        if (random.next() < 0.5) await sleep(random.next() * 10);
        for (const record of records) ledger.note(record);
      },
      onHandlerError: (error) => (isUnavailable(error) ? 'retry' : 'stop'),
      observe: {
        committed: ({ logTopic, partition }, next) => ledger.committed(`${logTopic}/${partition}`, next),
      },
      ...options,
    });
    await worker.start();
    return worker;
  }

  const pending = async (log: Log) => (await log.lag(GROUP)).reduce((sum, { records }) => sum + Number(records), 0);

  function expectWhole(ledger: Ledger): void {
    expect(ledger.different).toBe(TOTAL);
    const inOrder = Array.from({ length: ROUNDS }, (_, round) => round);
    for (const [key, rounds] of ledger.firsts) expect([key, rounds]).toEqual([key, inOrder]);
    expect(ledger.early).toEqual([]);
  }

  it('loses nothing, keeps order per key and commits nothing unfinished while workers come and go', {
    timeout: 180_000,
  }, async () => {
    const ledger = createLedger();
    const workers = [await startWorker(ledger)];
    const log = await open();
    const appended = appendAll(log);
    for (let round = 0; round < 6; round++) {
      await eventually(() => expect(ledger.different).toBeGreaterThanOrEqual((TOTAL / 8) * round));
      workers.push(await startWorker(ledger));
      // The last of a stopped one's commits may be missing; a drained one's are there.
      if (round % 2 === 0) await workers.shift()?.drain?.(AbortSignal.timeout(5_000));
      else await workers.shift()?.stop();
    }
    await appended;
    await eventually(async () => expect(await pending(log)).toBe(0));
    await Promise.all(workers.map((worker) => worker.stop()));
    expectWhole(ledger);
    console.log(`${TOTAL} records, ${ledger.handled - TOTAL} handled again over 12 rebalances`);
  });

  it('stops and goes on at the watermark: repeated is at most what was not committed', {
    timeout: 180_000,
  }, async () => {
    const ledger = createLedger();
    const log = await open();
    await appendAll(log);
    const hanging: (() => void)[] = [];
    const first = await startWorker(ledger, {
      async handle(records) {
        for (const record of records) ledger.note(record);
        if (ledger.handled > TOTAL / 2) await new Promise<void>((resolve) => hanging.push(resolve));
      },
    });
    await eventually(() => expect(hanging).toHaveLength(16));
    await first.stop();
    for (const release of hanging) release();
    const second = await startWorker(ledger);
    await eventually(async () => expect(await pending(log)).toBe(0));
    await second.stop();
    expectWhole(ledger);
    expect(ledger.handled - TOTAL).toBeLessThanOrEqual(6 * 200);
  });
});
