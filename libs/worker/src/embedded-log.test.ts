import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@belfry/core/log';
import { createEmbeddedLog, type EmbeddedLog } from '@belfry/log-embedded';
import { createRealClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createWorker, type Worker } from './worker.ts';
import type { WorkerOptions } from './worker-options.ts';

const LANES = [
  { lane: 'transactional', logTopic: 'jobs.transactional', weight: 8 },
  { lane: 'bulk', logTopic: 'jobs.bulk', weight: 1 },
] as const;
const GROUP = 'router';
const KEYS = 40;
const PER_KEY = 50;
const clock = createRealClock();

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'belfry-worker-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function openLog(): Promise<EmbeddedLog> {
  const log = await createEmbeddedLog({
    directory,
    clock,
    onFatal: (error) => {
      throw error;
    },
  });
  const settings = { partitions: 3, retentionMs: 3_600_000, groups: [GROUP] };
  await log.ensureTopics(LANES.map(({ logTopic }) => ({ name: logTopic, ...settings })));
  return log;
}

async function appendAll(log: EmbeddedLog): Promise<void> {
  for (let round = 0; round < PER_KEY; round++) {
    const records = Array.from({ length: KEYS }, (_, key) => ({ key: `key-${key}`, value: Buffer.from(`${round}`) }));
    await Promise.all(LANES.map(({ logTopic }) => log.append(logTopic, records)));
  }
}

/** Every handling that ended well, in order, and what each key was first handled with. */
function createLedger() {
  const handled: string[] = [];
  const firstRounds = new Map<string, number[]>();
  return {
    handled,
    firstRounds,
    note({ logTopic, key, value }: LogRecord) {
      const name = `${logTopic}/${key}`;
      const round = Number(Buffer.from(value).toString());
      const rounds = firstRounds.get(name) ?? [];
      if (!rounds.includes(round)) rounds.push(round);
      firstRounds.set(name, rounds);
      handled.push(`${name}/${round}`);
    },
  };
}

async function startWorker(log: EmbeddedLog, handle: WorkerOptions['handle']): Promise<Worker> {
  const worker = createWorker({
    name: GROUP,
    log,
    clock,
    group: GROUP,
    lanes: LANES,
    concurrency: 16,
    lookAhead: 200,
    bufferedRecords: 50,
    keyBatch: 4,
    commitIntervalMs: 20,
    handle,
    onHandlerError: () => 'retry',
  });
  await worker.start();
  return worker;
}

const pending = async (log: EmbeddedLog) =>
  (await log.lag(GROUP)).reduce((sum, { records }) => sum + Number(records), 0);

it('handles everything, in order per key, though workers come and go and some handlers fail', async () => {
  const log = await openLog();
  const ledger = createLedger();
  const random = createSeededRandom(1);
  let failures = 3;
  const handle: WorkerOptions['handle'] = async (records) => {
    if (random.next() < 0.5) await new Promise((resolve) => setTimeout(resolve, random.next() * 3));
    if (failures > 0 && random.next() < 0.01) {
      failures--;
      throw new Error('the store is down for a moment');
    }
    for (const record of records) ledger.note(record);
  };
  const total = KEYS * PER_KEY * LANES.length;
  const first = await startWorker(log, handle);
  const appended = appendAll(log);
  await vi.waitFor(() => expect(ledger.handled.length).toBeGreaterThan(total / 10), { timeout: 20_000 });
  const second = await startWorker(log, handle);
  await first.drain?.(AbortSignal.timeout(5_000));
  await appended;
  await vi.waitFor(async () => expect(await pending(log)).toBe(0), { timeout: 20_000 });
  await second.drain?.(AbortSignal.timeout(5_000));
  await log.close();
  expect(new Set(ledger.handled).size).toBe(total);
  const inOrder = Array.from({ length: PER_KEY }, (_, round) => round);
  for (const rounds of ledger.firstRounds.values()) expect(rounds).toEqual(inOrder);
}, 60_000);

it('continues after a stop at the commit: nothing lost, and repeated is only what was under way', async () => {
  const ledger = createLedger();
  const total = KEYS * PER_KEY * LANES.length;
  const log = await openLog();
  await appendAll(log);
  const hanging: (() => void)[] = [];
  const worker = await startWorker(log, async (records) => {
    for (const record of records) ledger.note(record);
    if (ledger.handled.length > total / 2) await new Promise<void>((resolve) => hanging.push(resolve));
  });
  await vi.waitFor(() => expect(hanging).toHaveLength(16), { timeout: 20_000 });
  await worker.stop();
  await log.close();
  for (const release of hanging) release();

  const reopened = await openLog();
  const again = await startWorker(reopened, async (records) => records.forEach(ledger.note));
  await vi.waitFor(async () => expect(await pending(reopened)).toBe(0), { timeout: 20_000 });
  await again.stop();
  await reopened.close();
  expect(new Set(ledger.handled).size).toBe(total);
  expect(ledger.handled.length - total).toBeGreaterThanOrEqual(16);
  expect(ledger.handled.length - total).toBeLessThanOrEqual(6 * 200);
}, 60_000);
