import { setTimeout as pause } from 'node:timers/promises';
import { realClock } from '@belfry/testing/real-clock';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import type { Exposure } from './exposure.ts';
import { WORKERS, type WorkerService } from './fault-plan.ts';
import { waitUntil } from './wait-until.ts';

/** When partitions of the push workers' groups were changing hands, as the broker tells, and when a fault hit a process of theirs. */
export type HandChanges = {
  readonly exposures: readonly Exposure[];
  /** The act hits these groups for as long as it lasts. */
  hit<T>(services: readonly WorkerService[], act: () => Promise<T>): Promise<T>;
  /** Resolves when nothing is changing in the group: who is frozen from then on is given up within the session timeout. */
  settled(service: WorkerService): Promise<void>;
  /** The act lets a process go on that the group has given up: it works as if nothing had happened until its group has changed hands because of it. */
  wake(service: WorkerService, act: () => Promise<unknown>): Promise<void>;
  stop(): Promise<void>;
};

type Group = {
  readonly service: WorkerService;
  /** Members and what they have; undefined while that is changing. */
  hands: string | undefined;
  /** The last time at which nothing was changing. */
  settledAtMs: number;
  /** Of the change that is under way, in `exposures`. */
  exposure: number | undefined;
  changes: number;
};

const LOOK_EVERY_MS = 100;
const ANSWER_WITHIN_MS = 2_000;
const CHANGED_WITHIN_MS = 30_000;

/** `brokers`: of a listener that no fault cuts. A group that cannot be asked counts as changing. */
export function watchHandChanges(brokers: readonly string[]): HandChanges {
  const kafka = new Kafka({
    clientId: 'belfry-e2e',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    requestTimeout: ANSWER_WITHIN_MS,
    connectionTimeout: ANSWER_WITHIN_MS,
    // The first question always fails: only then the client looks which brokers there are.
    retry: { retries: 2, initialRetryTime: 20 },
  });
  const exposures: Exposure[] = [];
  const groups: readonly Group[] = WORKERS.map((service) => {
    return { service, hands: undefined, settledAtMs: realClock.nowMs(), exposure: undefined, changes: 0 };
  });
  let isStopped = false;
  let admin: Admin | undefined;

  /** By group. Rejects while there is no broker to ask. */
  const ask = async (): Promise<ReadonlyMap<string, string | undefined>> => {
    if (admin === undefined) {
      const made = kafka.admin();
      await made.connect();
      admin = made;
    }
    const { groups: described } = await admin.describeGroups([...WORKERS]);
    return new Map(
      described.map(({ groupId, state, members }) => {
        const hands = members.map(
          ({ memberId, memberAssignment }) => `${memberId} ${memberAssignment.toString('hex')}`,
        );
        return [groupId, state === 'Stable' ? hands.toSorted().join('\n') : undefined];
      }),
    );
  };

  const look = async (): Promise<void> => {
    const lookedAtMs = realClock.nowMs();
    const seen = await ask().catch(async () => {
      await admin?.disconnect().catch(() => {});
      admin = undefined;
      return new Map<string, string | undefined>();
    });
    for (const group of groups) {
      const hands = seen.get(group.service);
      if (hands !== undefined && hands === group.hands) {
        group.settledAtMs = lookedAtMs;
        continue;
      }
      group.exposure ??= exposures.length;
      exposures[group.exposure] = { service: group.service, fromMs: group.settledAtMs, toMs: realClock.nowMs() };
      group.hands = hands;
      if (hands === undefined) continue;
      group.settledAtMs = lookedAtMs;
      group.exposure = undefined;
      group.changes++;
    }
  };

  const looking = (async () => {
    while (!isStopped) {
      await look();
      await pause(LOOK_EVERY_MS);
    }
    await admin?.disconnect().catch(() => {});
  })();

  const hit: HandChanges['hit'] = async (services, act) => {
    const fromMs = realClock.nowMs();
    try {
      return await act();
    } finally {
      const toMs = realClock.nowMs();
      exposures.push(...services.map((service) => ({ service, fromMs, toMs })));
    }
  };

  return {
    exposures,
    hit,
    async settled(service) {
      const isSettled = () => groups.some((group) => group.service === service && group.hands !== undefined);
      await waitUntil(isSettled, { timeoutMs: CHANGED_WITHIN_MS, what: `${service} has settled` });
    },
    async wake(service, act) {
      const group = groups.find((each) => each.service === service);
      const before = group?.changes ?? 0;
      await hit([service], async () => {
        await act();
        const what = `${service} has changed hands`;
        await waitUntil(() => (group?.changes ?? 0) > before, { timeoutMs: CHANGED_WITHIN_MS, what });
      });
    },
    async stop() {
      isStopped = true;
      await looking;
    },
  };
}
