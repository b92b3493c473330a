import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Backplane, Hint } from '@belfry/core/backplane';
import type { Random } from '@belfry/core/random';
import type { RecipientKey } from '@belfry/core/store/routing';
import { notificationFrame } from '@belfry/protocol/client-notification';
import { createSystemClock } from '@belfry/runtime';
import { createSqliteStore } from '@belfry/store/sqlite';
import { createSeededRandom } from '@belfry/testing/seeded-random';
import { expect, vi } from 'vitest';
import { type Follower, startFollower } from './follower.fixture.ts';
import { startGateway, type TestGateway, testNotification } from './gateway.fixture.ts';
import type { GatewayLimits } from './gateway-limits.ts';

export type ClusterOptions = {
  /** The backplane of one more process. */
  readonly openBackplane: () => Promise<Backplane>;
  readonly limits?: Partial<GatewayLimits>;
  readonly users: number;
  readonly seed: number;
};

/** Shares of hints: not published, published twice, published after later ones. */
export type HintFaults = { readonly lost: number; readonly doubled: number; readonly late: number };

const NO_FAULTS: HintFaults = { lost: 0, doubled: 0, late: 0 };
/** As long as a broker may need to come back on a busy machine. */
const ALL_SHOWN = { timeout: 60_000, interval: 50 } as const;

export type GatewayCluster = Awaited<ReturnType<typeof createGatewayCluster>>;

/** Gateways that share a store and a backplane, a publisher elsewhere, and clients that are connected to any of the gateways. */
export async function createGatewayCluster({ openBackplane, limits = {}, users, seed }: ClusterOptions) {
  const random = createSeededRandom(seed);
  const directory = mkdtempSync(path.join(tmpdir(), 'belfry-gateways-'));
  const store = await createSqliteStore({
    directory,
    clock: createSystemClock(),
    onFatal: (error) => {
      throw error;
    },
  });
  const epoch = await store.epoch();
  const recipients = Array.from(
    { length: users },
    (_, user): RecipientKey => ({ tenant: 'default', user: `u${user}` }),
  );
  const published = new Map(recipients.map(({ user }) => [user, 0]));
  const publisher = await openBackplane();
  const publishHints = createFaultyPublish(publisher, random);
  const gateways: TestGateway[] = [];
  const followers: Follower[] = [];

  /** Stores one notification for some of the users and publishes the hints, as a router does. */
  const publish = async (faults: HintFaults = NO_FAULTS): Promise<void> => {
    const chosen = recipients.filter(() => random.next() < 0.5);
    const entries = chosen.map(({ user }) => ({ notification: testNotification('any'), recipient: user }));
    const results = await store.route(entries);
    const hints = results.map((result, index): Hint => {
      const entry = entries[index];
      if (result.kind !== 'routed' || entry === undefined) throw new Error('not routed');
      const { offset } = result;
      published.set(entry.recipient, offset);
      const frame = notificationFrame({ epoch, offset }, entry.notification);
      return { tenant: 'default', user: entry.recipient, offset, frame };
    });
    publishHints(hints, faults);
  };

  return {
    gateways,
    followers,
    publish,
    async publishMany(count: number, faults: HintFaults = NO_FAULTS): Promise<void> {
      for (let done = 0; done < count; done++) await publish(faults);
    },
    /** Publishes all the time, until the returned function is called. */
    startLoad(everyMs: number, faults: HintFaults = NO_FAULTS): () => Promise<void> {
      let ended = false;
      const run = async (): Promise<void> => {
        while (!ended) {
          await publish(faults);
          await pause(everyMs);
        }
      };
      const running = run();
      return () => {
        ended = true;
        return running;
      };
    },
    async addGateway(): Promise<TestGateway> {
      const gateway = await startGateway({ heartbeatMs: 300, ...limits }, { store, backplane: await openBackplane() });
      gateways.push(gateway);
      return gateway;
    },
    /** Its connections break without a word. */
    async killGateway(gateway: TestGateway): Promise<void> {
      gateways.splice(gateways.indexOf(gateway), 1);
      for (const follower of followers) if (follower.gateway() === gateway) follower.cut();
      await gateway.stop();
      expect(gateway.errors).toEqual([]);
    },
    /** A client per user, at any of the gateways now and whenever it comes back. */
    async addFollowers(): Promise<void> {
      const choose = (): TestGateway => {
        const gateway = gateways[Math.floor(random.next() * gateways.length)];
        if (gateway === undefined) throw new Error('there is no gateway');
        return gateway;
      };
      followers.push(...(await Promise.all(recipients.map((user) => startFollower(user, choose)))));
    },
    /** Resolves when every client has been shown everything since it came, once and in order. */
    async allShown(from: ReadonlyMap<string, number> = new Map()): Promise<void> {
      await vi.waitFor(() => {
        for (const { user, offsets } of followers) {
          if ((offsets.at(-1) ?? from.get(user.user) ?? 0) < (published.get(user.user) ?? 0)) {
            throw new Error(`${user.user} was shown ${offsets.at(-1)} of ${published.get(user.user)}`);
          }
        }
      }, ALL_SHOWN);
      for (const { user, offsets, problems } of followers) {
        const first = offsets[0] ?? 0;
        expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, index) => first + index));
        expect(first).toBeLessThanOrEqual((from.get(user.user) ?? 0) + 1);
        expect(problems).toEqual([]);
      }
    },
    total: () => [...published.values()].reduce((sum, count) => sum + count, 0),
    async stop(): Promise<void> {
      for (const follower of followers) follower.close();
      for (const gateway of gateways) await gateway.stop();
      await publisher.close();
      await store.close();
      rmSync(directory, { recursive: true });
      for (const gateway of gateways) expect(gateway.errors).toEqual([]);
    },
  };
}

function createFaultyPublish(backplane: Backplane, random: Random) {
  const held: Hint[] = [];
  return (hints: readonly Hint[], { lost, doubled, late }: HintFaults): void => {
    for (const hint of hints) {
      if (random.next() < lost) continue;
      if (random.next() < late) held.push(hint);
      else backplane.publish([hint]);
      if (random.next() < doubled) backplane.publish([hint]);
    }
    while (held.length > 0 && random.next() < 0.5) {
      backplane.publish(held.splice(Math.floor(random.next() * held.length), 1));
    }
  };
}
