import { sleep } from '@belfry/core/clock';
import type { LaunchKafka } from '@belfry/testing/launch-kafka';
import { type MemoryTrend, watchMemory } from '@belfry/testing/memory-trend';
import { realClock } from '@belfry/testing/real-clock';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { untilReached } from '@belfry/testing/until-reached';
import { openLog, silentLogger } from '../kafka-log.fixture.ts';
import { appendBurst } from './append-burst.ts';
import { type AppendFigures, type AppendLoad, startAppendLoad } from './append-load.ts';
import { startProxiedBroker } from './proxied-broker.ts';
import { RESPONSE_CUTS } from './response-cuts.ts';

export type AppendFaultOptions = {
  readonly launch: LaunchKafka;
  /** The command. */
  readonly toxiproxy: string;
  /** Confirmed appends, at least. */
  readonly appends: number;
  /** `kill -9` of the broker, and as many cuts of its answers. */
  readonly kills: number;
  /** Of 1,000 concurrent appends to one partition while answers are cut. */
  readonly bursts: number;
  readonly seed: number;
};

export type AppendFaultFigures = AppendFigures & {
  readonly kills: number;
  readonly cuts: number;
  /** Answers of the client that left open whether records were stored. */
  readonly failedSends: number;
  readonly duplicatePercent: number;
  /** Of 1,000 appends at once each. */
  readonly bursts: number;
  /** Appends of the bursts that were confirmed at a position that another one has, too. Must be 0. */
  readonly samePositions: number;
  readonly seconds: number;
  readonly memory: MemoryTrend;
};

const WRITERS = 64;
const VALUE_BYTES = 300;
const BURST_APPENDS = 1_000;
const CUT_MS = [200, 1_000] as const;
const DOWN_MS = [0, 1_000] as const;
const STUCK_MS = 120_000;
const MOST_DUPLICATES_PERCENT = 0.1;
/** What garbage collection alone makes of a median. */
const LATE_GROWTH_MIB = 32;
const retention = { retentionMs: 86_400_000, groups: [] };

/** Writers append all the while; answers are cut and the broker is killed in turns, evenly over the appends. */
export async function runAppendFaults(options: AppendFaultOptions): Promise<AppendFaultFigures> {
  const random = createSeededRandom(options.seed);
  const between = ([from, to]: readonly [number, number]) => from + random.next() * (to - from);
  const startedMs = realClock.monotonicMs();
  const { kafka, proxy, stop } = await startProxiedBroker(options.launch, options.toxiproxy);
  let failedSends = 0;
  const logger = {
    ...silentLogger,
    warn(_: unknown, line: string) {
      if (line.startsWith('an append failed')) failedSends++;
    },
  };
  const log = await openLog([proxy.address], { prefix: 'test.', logger });
  const direct = await openLog(kafka.directBrokers, { prefix: 'test.' });
  const cut = async (index: number) => {
    const remove = await proxy.addToxic(RESPONSE_CUTS[index % RESPONSE_CUTS.length] ?? { type: 'reset_peer' });
    await sleep(realClock, between(CUT_MS));
    await remove();
  };
  try {
    await log.ensureTopics([
      { name: 'jobs', partitions: 6, ...retention },
      { name: 'burst', partitions: 1, ...retention },
    ]);
    let samePositions = 0;
    for (let burst = 0; burst < options.bursts; burst++) {
      const appended = appendBurst(log, 'burst', { appends: BURST_APPENDS, from: burst * BURST_APPENDS });
      await cut(burst);
      samePositions += BURST_APPENDS - (await appended).size;
    }
    const memory = watchMemory();
    const load = startAppendLoad(log, 'jobs', { writers: WRITERS, valueBytes: VALUE_BYTES });
    for (let kill = 0; kill < options.kills; kill++) {
      await untilConfirmed(load, (options.appends * (kill + 0.5)) / options.kills);
      await cut(kill);
      await untilConfirmed(load, load.confirmed + WRITERS);
      await kafka.kill();
      await sleep(realClock, between(DOWN_MS));
      await kafka.start();
    }
    await untilConfirmed(load, options.appends);
    await load.stop();
    const trend = memory.stop();
    const figures = await load.check(direct);
    return {
      ...figures,
      kills: options.kills,
      cuts: options.kills + options.bursts,
      failedSends,
      duplicatePercent: Number(((100 * figures.duplicates) / figures.confirmed).toFixed(4)),
      bursts: options.bursts,
      samePositions,
      seconds: Math.round((realClock.monotonicMs() - startedMs) / 1_000),
      memory: trend,
    };
  } finally {
    await Promise.all([log.close(), direct.close()]);
    await stop();
  }
}

function untilConfirmed(load: AppendLoad, wanted: number): Promise<number> {
  return untilReached(() => load.confirmed, wanted, { what: 'confirmed', stuckMs: STUCK_MS, everyMs: 10 });
}

/** What the figures say about promises that were not kept; empty when all were. */
export function brokenByAppendFaults(
  figures: AppendFaultFigures,
  asked: Pick<AppendFaultOptions, 'appends'>,
): string[] {
  const broken: string[] = [];
  if (figures.confirmed < asked.appends) broken.push(`only ${figures.confirmed} of ${asked.appends} were confirmed`);
  for (const zero of ['lost', 'misplaced', 'disordered', 'samePositions'] as const)
    if (figures[zero] !== 0) broken.push(`${zero}: ${figures[zero]} instead of 0`);
  if (figures.duplicatePercent > MOST_DUPLICATES_PERCENT)
    broken.push(`${figures.duplicatePercent} % are stored twice, more than ${MOST_DUPLICATES_PERCENT} %`);
  if (figures.memory.lateGrowthMiB > LATE_GROWTH_MIB)
    broken.push(`memory grows: ${Object.values(figures.memory.quartersMiB).join(', ')} MiB in the quarters of the run`);
  return broken;
}
