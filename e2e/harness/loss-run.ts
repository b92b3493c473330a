import { untilReached } from '@belfry/testing/until-reached';
import { type Api, createApi } from './api.ts';
import { watchArrivals } from './arrivals.ts';
import { countBy } from './count-by.ts';
import { describeRepeat, watchSends, weighRepeats } from './exposure.ts';
import { describeFault, planFaults } from './fault-plan.ts';
import { type HandChanges, watchHandChanges } from './hand-changes.ts';
import { inflictFault } from './inflict-fault.ts';
import { readLag } from './log-lag.ts';
import { addLossDevices } from './loss-devices.ts';
import type { LossRunReport } from './loss-report.ts';
import { type LossStack, type LossTools, startLossStack } from './loss-stack.ts';
import { takeStock } from './loss-stock.ts';
import { mapConcurrently } from './map-concurrently.ts';
import { medianAndMax } from './median-and-max.ts';
import { openResumingClient } from './resuming-client.ts';
import { type SteadyProducer, startProducer } from './steady-producer.ts';
import { waitUntil } from './wait-until.ts';

export type LossRunOptions = {
  /** At least this many are accepted, whatever the faults. */
  readonly notifications: number;
  readonly faults: number;
  readonly users: number;
  /** One in so many users has a Web Push device, and one an FCM device; the others have their inbox. At least 3. */
  readonly deviceEvery: number;
  /** Live clients of the SDK. */
  readonly clients: number;
  /** Notifications that producers post per second, all together. */
  readonly perSecond: number;
  readonly seed: number;
  readonly onProgress: (line: string) => void;
};

const LANES = 8;
const USERS_PER_REQUEST_MAX = 50;
/** The first of those that nothing explains; what caused one caused most. */
const REPEATS_TOLD = 10;
const STUCK_MS = 120_000;
const DRAIN_MS = 120_000;
const DRAIN_MS_EACH = 2;
/** Beyond every wait that a provider asks for, so that such a delivery expires. */
const TTL_SECONDS = 7_200;

/** Breaks one thing after the other while producers post and clients listen, then lets everything finish and takes stock. */
export async function runLoss(tools: LossTools, options: LossRunOptions): Promise<LossRunReport> {
  await using ending = new AsyncDisposableStack();
  const { onProgress } = options;
  const loss = await startLossStack(tools, ending);
  onProgress('every service is ready');
  const { url, providers } = loss;
  const api = createApi(url);
  const users = Array.from({ length: options.users }, (_, index) => `user-${index}`);
  const arrived = watchArrivals(providers);
  const sends = watchSends(providers);
  const devices = await addLossDevices(api, providers, users, { ...options, ttlSeconds: TTL_SECONDS });
  const clientEvery = Math.max(1, Math.floor(users.length / options.clients));
  const clients = await mapConcurrently(
    users.filter((_, index) => index % clientEvery === 0).slice(0, options.clients),
    16,
    async (user) => {
      const client = await openResumingClient(url, user);
      ending.defer(() => client.close());
      return { user, client };
    },
  );
  onProgress(`${devices.length} devices, ${clients.length} live clients`);
  const producer = startProducer({
    url,
    users,
    lanes: LANES,
    batch: 1,
    usersPerRequest: Math.min(USERS_PER_REQUEST_MAX, Math.ceil(users.length / LANES)),
    perSecond: options.perSecond,
    extra: { ttlSeconds: TTL_SECONDS },
  });
  ending.defer(() => producer.abandon());

  const startedMs = performance.now();
  const changes = watchHandChanges(loss.broker.directBrokers);
  ending.defer(() => changes.stop());
  const plan = planFaults(options.faults, options.seed);
  const recoveries = await breakThings(loss, changes, producer, plan, options);
  await untilAccepted(producer, options.notifications);
  await producer.stop();
  const producedMs = performance.now();
  onProgress(`${producer.count()} accepted; waiting for the end of all work`);
  const timeoutMs = DRAIN_MS + producer.count() * DRAIN_MS_EACH;
  const lag = await waitForNoLag(loss, timeoutMs);
  onProgress(`lag ${JSON.stringify(lag)}; reading inboxes and ledgers`);
  const stock = await takeStock({ api, users, devices, clients, arrived, owed: producer.accepted, timeoutMs });
  const { underWay, unexplained } = weighRepeats(sends, changes.exposures);
  for (const repeat of unexplained.slice(0, REPEATS_TOLD)) onProgress(describeRepeat(repeat, changes.exposures));
  return {
    accepted: producer.count(),
    repeatedPosts: producer.repeats(),
    faults: countBy(plan.map(({ kind }) => kind)),
    lag,
    died: loss.died,
    sendsUnderWay: underWay,
    unexplainedRepeats: unexplained.length,
    acceptedPerSecond: Math.round((1_000 * producer.count()) / (producedMs - startedMs)),
    drainSeconds: Math.round((performance.now() - producedMs) / 1_000),
    keptOutByGate: await readGate(api),
    recoveryMs: medianAndMax(recoveries),
    ...stock,
  };
}

/** Spreads the faults over the load: each comes when its share has been accepted and the one before it is over. */
async function breakThings(
  loss: LossStack,
  changes: HandChanges,
  producer: SteadyProducer,
  plan: ReturnType<typeof planFaults>,
  options: Pick<LossRunOptions, 'notifications' | 'onProgress'>,
): Promise<readonly number[]> {
  const recoveries: number[] = [];
  for (const [index, fault] of plan.entries()) {
    const due = (options.notifications * (index + 0.5)) / plan.length;
    await untilAccepted(producer, due);
    const name = `fault ${index + 1}/${plan.length}, ${describeFault(fault)}, at ${producer.count()} accepted`;
    try {
      recoveries.push(await inflictFault(loss, changes, fault));
    } catch (error) {
      throw new Error(`${name}: ${String(error)}`, { cause: error });
    }
    options.onProgress(`${name}: over after ${Math.round(recoveries.at(-1) ?? 0)} ms`);
  }
  return recoveries;
}

function untilAccepted(producer: SteadyProducer, wanted: number): Promise<number> {
  return untilReached(() => producer.count(), wanted, { what: 'accepted', stuckMs: STUCK_MS, everyMs: 50 });
}

async function waitForNoLag({ broker }: LossStack, timeoutMs: number): Promise<Readonly<Record<string, number>>> {
  let lag: Readonly<Record<string, number>> = {};
  const isDone = async (): Promise<boolean> => {
    lag = await readLag(broker.directBrokers);
    return Object.keys(lag).length === 0;
  };
  await waitUntil(isDone, { timeoutMs, everyMs: 1_000 }).catch(() => undefined);
  return lag;
}

async function readGate(api: Api): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const [, reason = '', value] of (await api.getText('/metrics')).matchAll(GATE_LINE))
    counts[reason] = (counts[reason] ?? 0) + Number(value);
  return counts;
}

const GATE_LINE = /^belfry_gate_dropped_total\{[^}]*reason="([^"]*)"[^}]*\} (\d+)/gm;
