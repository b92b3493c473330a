import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hint } from '@belfry/core/backplane';
import { deliveryId } from '@belfry/core/delivery';
import type { Log, LogRecord } from '@belfry/core/log';
import { type Channel, LANES, PUSH_CHANNELS } from '@belfry/core/notification';
import type { Random } from '@belfry/core/random';
import type { LedgerDelivery, LedgerEntry } from '@belfry/core/store/ledger';
import type { Store } from '@belfry/core/store/store';
import { createEmbeddedLog } from '@belfry/log-embedded';
import { DEAD_LETTERS_TOPIC, deliveriesTopic, jobsTopic, RECEIPTS_TOPIC } from '@belfry/protocol/log-topics';
import type { NotificationRequest } from '@belfry/protocol/notification-request';
import { createSqliteStore } from '@belfry/store/sqlite';
import { createFakeClock, type FakeClock } from '@belfry/testing/fake-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { afterAll, beforeAll, beforeEach, vi } from 'vitest';
import { type Accept, type AcceptResult, createAccept } from './accept.ts';
import { createAcceptRecords } from './accept-records.ts';
import { createDeadLetterFeed } from './dead-letter-feed.ts';
import { createDeliver } from './deliver.ts';
import { createFaults, type Faults, withFaults } from './faults.fixture.ts';
import { createHostBreaker } from './host-breaker.ts';
import { createReceiptFeed, type ReceiptFeed } from './receipt-feed.ts';
import { createReleaseTimers } from './release-timers.ts';
import { createRoute } from './route.ts';
import { createScriptedChannel, type ScriptedChannel } from './scripted-channel.fixture.ts';

export const TENANT = 'acme';
/** A topic that a producer writes to by itself; its records belong to `globex`. */
export const INPUT_TOPIC = 'globex-events';
export const SCHEDULE_MS = [5_000, 30_000];

/** Retention is no part of these tests, which let months pass. */
const LOG_LIMITS = { minFreeBytes: 1, retentionIntervalMs: 1e15 };
const MONTH_MS = 30 * 86_400_000;
const PUSH_TOPICS = PUSH_CHANNELS.flatMap((channel) => LANES.map((lane) => deliveriesTopic(channel, lane)));
const JOB_TOPICS = LANES.map(jobsTopic);
const TOPICS = [INPUT_TOPIC, ...JOB_TOPICS, ...PUSH_TOPICS, RECEIPTS_TOPIC, DEAD_LETTERS_TOPIC];

/** The use cases with what they hold in memory, as one process has them. Another one over the same log and store is a restart, or a second worker. */
export type DispatchProcess = {
  readonly accept: Accept;
  readonly route: ReturnType<typeof createRoute>;
  /** For records of `INPUT_TOPIC`. */
  readonly acceptRecords: ReturnType<typeof createAcceptRecords>;
  readonly deliver: (record: LogRecord, signal?: AbortSignal) => Promise<void>;
  /** `deliver` for a record whose host has no place for another attempt. */
  readonly putOff: (record: LogRecord) => Promise<void>;
  readonly release: () => Promise<number>;
  /** What a worker waits for before it commits the offsets of what was done. */
  readonly commit: () => Promise<void>;
  /** What it holds in memory is gone. */
  readonly crash: () => void;
};

export type Pipeline = {
  readonly clock: FakeClock;
  /** Both with the faults that a test has planned. */
  readonly log: Log;
  readonly store: Store;
  readonly faults: Faults;
  readonly channel: ScriptedChannel;
  readonly hints: readonly Hint[];
  /** Records that the gate let do nothing, by reason. */
  readonly dropped: readonly string[];
  start(): DispatchProcess;
  /** A receipts feed of a process of its own. */
  feed(): ReceiptFeed;
  /** Accepts a notification to one user and returns its id. */
  post(user: string, fields?: Partial<NotificationRequest>): Promise<string>;
  /** Registers a Web Push device at `host` and returns its id. */
  addDevice(user: string, host?: string): Promise<string>;
  /** What was appended to the topic since the last call, read back from the log. Receipts are flushed first, as a worker does before it commits. */
  take(logTopic: string): Promise<readonly LogRecord[]>;
  takeJobs(): Promise<readonly LogRecord[]>;
  takeDeliveries(): Promise<readonly LogRecord[]>;
  /** Routes and delivers until the log holds nothing more to do. Waits stay waits. */
  workOff(by?: DispatchProcess): Promise<void>;
  ledger(id: string): Promise<LedgerEntry>;
  /** The first delivery of the notification on a channel. */
  deliveryOf(id: string, channel?: Channel): Promise<LedgerDelivery>;
};

type OpenPipeline = { readonly pipeline: Pipeline; reset(): Promise<void>; close(): Promise<void> };

/**
 * A pipeline for the tests of a file: the embedded log and store in a folder of their own, a fake clock, and a channel that acts out a script. Opened once; what one
 * test leaves behind is gone before the next, and its clock only goes forward, so give users names of their own.
 */
export function usePipeline(): Pipeline {
  let open: OpenPipeline | undefined;
  beforeAll(async () => {
    open = await openPipeline(createSeededRandom(7));
  }, 60_000);
  beforeEach(() => open?.reset(), 60_000);
  afterAll(() => open?.close(), 60_000);
  return new Proxy({} as Pipeline, {
    get: (_, name) => {
      if (open === undefined) throw new Error('the pipeline is open only while a test runs');
      return Reflect.get(open.pipeline, name);
    },
  });
}

async function openPipeline(random: Random): Promise<OpenPipeline> {
  const directory = await mkdtemp(join(tmpdir(), 'belfry-dispatch-'));
  const clock = createFakeClock();
  const onFatal = (error: Error) => {
    throw error;
  };
  const realStore = await createSqliteStore({ directory: join(directory, 'store'), clock, onFatal });
  const realLog = await createEmbeddedLog({ directory: join(directory, 'log'), clock, onFatal, ...LOG_LIMITS });
  await realLog.ensureTopics(TOPICS.map((name) => ({ name, partitions: 4, retentionMs: 86_400_000, groups: [] })));

  const faults = createFaults();
  const appended = new Map<string, number>();
  const counting: Log = {
    ...realLog,
    async append(logTopic, records) {
      const positions = await realLog.append(logTopic, records);
      appended.set(logTopic, (appended.get(logTopic) ?? 0) + positions.length);
      return positions;
    },
  };
  const log = withFaults(counting, faults);
  const store = withFaults(realStore, faults);
  const seen = new Map<string, LogRecord[]>(TOPICS.map((topic) => [topic, []]));
  await realLog.consume(
    { group: 'test', logTopics: TOPICS },
    {
      onAssigned: () => {},
      onBatch: ({ logTopic }, _generation, records) => seen.get(logTopic)?.push(...records),
      onRevoked: () => {},
    },
  );

  const channel = createScriptedChannel(clock);
  const hints: Hint[] = [];
  const dropped: string[] = [];
  const feeds = new Set<ReceiptFeed>();
  const feed = () => {
    const receipts = createReceiptFeed({ log, clock });
    feeds.add(receipts);
    return receipts;
  };
  const start = (): DispatchProcess => {
    const receipts = feed();
    const deliver = createDeliver({
      adapter: channel,
      policy: { scheduleMs: SCHEDULE_MS, jitter: 0.2, minWaitMs: 0 },
      store,
      receipts,
      deadLetters: createDeadLetterFeed(log, store),
      breaker: createHostBreaker({ clock }),
      clock,
      random,
      observe: { dropped: (reason) => void dropped.push(reason) },
    });
    return {
      accept: createAccept({ store, log, clock, random }),
      route: createRoute({
        store,
        log,
        receipts,
        backplane: { publish: (published) => void hints.push(...published) },
        clock,
      }),
      acceptRecords: createAcceptRecords({ store, log, receipts, clock, tenant: 'globex' }),
      deliver: (record, signal = new AbortController().signal) => deliver(record, { signal, crowded: false }),
      putOff: (record) => deliver(record, { signal: new AbortController().signal, crowded: true }),
      release: createReleaseTimers(store, log),
      commit: receipts.flushed,
      crash: () => void feeds.delete(receipts),
    };
  };

  async function take(logTopic: string): Promise<readonly LogRecord[]> {
    if (logTopic === RECEIPTS_TOPIC) for (const receipts of feeds) await receipts.flushed();
    const records = seen.get(logTopic) ?? [];
    const wanted = appended.get(logTopic) ?? 0;
    await vi.waitFor(
      () => {
        if (records.length < wanted) throw new Error(`${records.length} of ${wanted} records of ${logTopic}`);
      },
      { timeout: 20_000, interval: 5 },
    );
    appended.set(logTopic, wanted - records.length);
    return records.splice(0);
  }
  const takeAll = async (topics: readonly string[]) => (await Promise.all(topics.map(take))).flat();

  const first = start();
  const pipeline: Pipeline = {
    clock,
    log,
    store,
    faults,
    channel,
    hints,
    dropped,
    start,
    feed,
    async post(user, fields = {}) {
      return idOf((await first.accept([inputOf(user, fields)]))[0]);
    },
    async addDevice(user, host = 'push.example') {
      const address = { endpoint: `https://${host}/${user}-${random.next()}`, p256dh: 'B', auth: 'a', keyId: 'k1' };
      const id = `device-${user}-${random.next()}`;
      await store.registerDevice({ tenant: TENANT, user }, id, { channel: 'webpush', address });
      return id;
    },
    take,
    takeJobs: () => takeAll(JOB_TOPICS),
    takeDeliveries: () => takeAll(PUSH_TOPICS),
    async workOff(by = first) {
      for (;;) {
        const inputs = await pipeline.take(INPUT_TOPIC);
        await Promise.all(runsOf(inputs).map(by.acceptRecords));
        const jobs = await pipeline.takeJobs();
        await Promise.all(runsOf(jobs).map(by.route));
        const deliveries = await pipeline.takeDeliveries();
        await Promise.all(runsOf(deliveries).map((run) => oneByOne(run, by.deliver)));
        if (inputs.length + jobs.length + deliveries.length === 0) return;
      }
    },
    async ledger(id) {
      const entry = await store.readNotification(TENANT, id, undefined, 1_000);
      if (entry === undefined) throw new Error(`no notification ${id}`);
      return entry;
    },
    async deliveryOf(id, wanted = 'webpush') {
      const { deliveries } = await pipeline.ledger(id);
      const found = deliveries.find((delivery) => delivery.channel === wanted);
      if (found === undefined) throw new Error(`no delivery of ${id} over ${wanted}`);
      return found;
    },
  };
  return {
    pipeline,
    async reset() {
      faults.clear();
      await takeAll(TOPICS);
      await clock.advance(MONTH_MS);
      await realStore.removeTimers(await realStore.claimDueTimers(100_000, 1));
      channel.clear();
      hints.length = 0;
      dropped.length = 0;
    },
    async close() {
      await Promise.all([realLog.close(), realStore.close()]);
      await rm(directory, { recursive: true });
    },
  };
}

/** The records of each key, in order: what a worker handles side by side. */
function runsOf(records: readonly LogRecord[]): readonly (readonly LogRecord[])[] {
  return [...Map.groupBy(records, (record) => `${record.logTopic} ${record.key}`).values()];
}

async function oneByOne(run: readonly LogRecord[], handle: (record: LogRecord) => Promise<void>): Promise<void> {
  for (const record of run) await handle(record);
}

/** What the API hands to `accept` for one notification to one user. */
export function inputOf(user: string, fields: Partial<NotificationRequest> = {}) {
  const request: NotificationRequest = { to: { users: [user] }, type: 'test', title: `For ${user}`, ...fields };
  return { tenant: TENANT, request };
}

/** The id of what was accepted; throws for anything else. */
export function idOf(result: AcceptResult | undefined): string {
  if (result?.kind !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(result)}`);
  return result.id;
}

export function jsonOf(record: LogRecord | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from(record?.value ?? []).toString('utf8')) as Record<string, unknown>;
}

/** The record of which a router is given several copies, or one with something changed. */
export function only<T>(items: readonly T[]): T {
  if (items.length !== 1) throw new Error(`${items.length} where one was expected`);
  return items[0] as T;
}

export const webPushIdOf = (id: string, user: string, device: string) =>
  deliveryId(TENANT, id, user, 'webpush', device);
