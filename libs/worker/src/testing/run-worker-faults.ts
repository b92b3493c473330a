import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Log } from '@belfry/core/log';
import type { Random } from '@belfry/core/random';
import { createKafkaLog } from '@belfry/log-kafka';
import type { LaunchKafka } from '@belfry/testing/launch-kafka';
import { realClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { untilReached } from '@belfry/testing/until-reached';
import { judgeNotes, type NoteFigures, type NumberedRecords } from './judge-notes.ts';
import { createWorkerGroup, type WorkerGroup } from './worker-group.ts';
import { readNotes } from './worker-notes.ts';

export type WorkerFaultOptions = {
  readonly launch: LaunchKafka;
  readonly records: number;
  readonly keys: number;
  /** `kill -9` of a process. */
  readonly kills: number;
  /** By turns one more process joins, and one of all leaves in good order. */
  readonly rebalances: number;
  readonly seed: number;
  readonly onProgress?: (line: string) => void;
};

export type WorkerFaultFigures = NoteFigures & {
  readonly kills: number;
  readonly rebalances: number;
  /** What one process may have under way. */
  readonly inFlightCap: number;
  readonly seconds: number;
};

const MEMBERS = 3;
const PARTITIONS = 12;
const HANDLER_MS = 500;
/** So that there are records for the last fault, too. */
const CONCURRENCY = 800;
/**
 * A process that is killed has a third of the partitions. What it repeats is what it has started beyond the watermark, which this bounds, and what it has done since its last
 * commit, for which this leaves room.
 */
const LOOK_AHEAD = (0.8 * CONCURRENCY) / (PARTITIONS / MEMBERS);
/** As short as a process that is busy allows: each kill waits for it. */
const SESSION_TIMEOUT_MS = 1_500;
const GROUP = 'workers';
const TOPIC = 'jobs';
const BATCH = 2_000;
const VALUE_BYTES = 300;
const LOOK_EVERY_MS = 100;
const STUCK_MS = 60_000;

/**
 * Three workers or four read a topic to its end, while they are killed, come and go: evenly over the records, and each time when the group has settled and is at work
 * again, as a process that has just been given its partitions has little under way.
 */
export async function runWorkerFaults(options: WorkerFaultOptions): Promise<WorkerFaultFigures> {
  const { records, kills, rebalances, seed, onProgress } = options;
  const random = createSeededRandom(seed);
  const startedMs = realClock.monotonicMs();
  const kafka = await options.launch();
  const folder = await mkdtemp(path.join(os.tmpdir(), 'belfry-notes-'));
  const prefix = 'test.';
  const log = await createKafkaLog({
    brokers: kafka.brokers,
    clientId: 'faults',
    prefix,
    topics: { replicationFactor: 1, minInsyncReplicas: 1 },
    clock: realClock,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    onFatal(error) {
      throw error;
    },
  });
  const group = createWorkerGroup({
    folder,
    brokers: kafka.brokers,
    prefix,
    group: GROUP,
    logTopic: TOPIC,
    partitions: PARTITIONS,
    concurrency: CONCURRENCY,
    lookAhead: LOOK_AHEAD,
    handlerMs: HANDLER_MS,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    seed,
  });
  try {
    await log.ensureTopics([{ name: TOPIC, partitions: PARTITIONS, retentionMs: 86_400_000, groups: [GROUP] }]);
    const appended = await appendRounds(log, options, random);
    for (let member = 0; member < MEMBERS; member++) await group.join();
    const faults = [...Array(kills).fill('kill'), ...Array(rebalances).fill('rebalance')];
    shuffle(faults, random);
    let committed = 0;
    for (const [index, fault] of faults.entries()) {
      const atWork = Math.min(records, committed + CONCURRENCY);
      const wanted = Math.max(atWork, (records * (index + 0.5)) / faults.length);
      committed = await untilCommitted(log, group, records, wanted);
      const seconds = Math.round((realClock.monotonicMs() - startedMs) / 1_000);
      if (index % 10 === 0) onProgress?.(`${seconds} s: ${index} faults, ${committed} of ${records} records`);
      if (fault === 'kill') await group.kill(random.next());
      else if (group.members > MEMBERS) await group.leave(random.next());
      else await group.join();
    }
    await untilCommitted(log, group, records, records);
    await group.close();
    const lives = group.processes.map((each) => ({ ...each, notes: readNotes(each.file) }));
    const seconds = Math.round((realClock.monotonicMs() - startedMs) / 1_000);
    return { ...judgeNotes(appended, lives), kills, rebalances, inFlightCap: CONCURRENCY, seconds };
  } finally {
    group.abandon();
    await log.close();
    await kafka.stop();
    await rm(folder, { recursive: true });
  }
}

/** In rounds in which every key occurs once, each in an order of its own: so the next record of a key may be close, and wait in a worker, or far away. */
async function appendRounds(log: Log, { records, keys }: WorkerFaultOptions, random: Random): Promise<NumberedRecords> {
  const numbered = {
    keys: new Uint32Array(records),
    partitions: new Uint16Array(records),
    offsets: new Uint32Array(records),
  };
  const round = Array.from({ length: keys }, (_, key) => key);
  for (let number = 0; number < records; number++) {
    if (number % keys === 0) shuffle(round, random);
    numbered.keys[number] = round[number % keys] ?? 0;
  }
  const counts = new Map<number, number>();
  for (let from = 0; from < records; from += BATCH) {
    const batch = Array.from(numbered.keys.subarray(from, from + BATCH), (key, index) => {
      const value = Buffer.alloc(VALUE_BYTES);
      value.writeUInt32LE(from + index);
      return { key: `key-${key}`, value };
    });
    for (const [index, { partition, offset }] of (await log.append(TOPIC, batch)).entries()) {
      const expected = counts.get(partition) ?? 0;
      if (Number(offset) !== expected)
        throw new Error(`partition ${partition} has ${offset} where ${expected} was to be`);
      counts.set(partition, expected + 1);
      numbered.partitions[from + index] = partition;
      numbered.offsets[from + index] = expected;
    }
  }
  return numbered;
}

/** Resolves with what the group has committed. Rejects when it commits nothing more for long, or one of it has ended by itself. */
function untilCommitted(log: Log, group: WorkerGroup, records: number, wanted: number): Promise<number> {
  const readCommitted = async () => {
    group.check();
    return records - (await log.lag(GROUP)).reduce((sum, lag) => sum + Number(lag.records), 0);
  };
  return untilReached(readCommitted, wanted, { what: 'committed', stuckMs: STUCK_MS, everyMs: LOOK_EVERY_MS });
}

function shuffle(items: unknown[], random: Random): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = Math.floor(random.next() * (last + 1));
    [items[last], items[other]] = [items[other], items[last]];
  }
}

/** What the figures say about promises that were not kept; empty when all were. */
export function brokenByWorkerFaults(
  figures: WorkerFaultFigures,
  asked: Pick<WorkerFaultOptions, 'records' | 'kills' | 'rebalances'>,
): string[] {
  const broken: string[] = [];
  for (const size of ['records', 'kills', 'rebalances'] as const)
    if (figures[size] < asked[size]) broken.push(`only ${figures[size]} of ${asked[size]} ${size}`);
  for (const zero of ['lost', 'inversions', 'earlyCommits', 'unexplained'] as const)
    if (figures[zero] !== 0) broken.push(`${zero}: ${figures[zero]} instead of 0`);
  const { ofKilled, ofLeft } = figures.repeats;
  for (const [whose, repeats, ends] of [
    ['killed', ofKilled, figures.kills],
    ['leaving', ofLeft, figures.rebalances],
  ] as const) {
    const most = figures.inFlightCap * ends;
    if (repeats > most) broken.push(`${repeats} repeats of ${whose} workers are more than ${most} in flight`);
  }
  return broken;
}
