import type { Backplane } from '@belfry/core/backplane';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ClusterOptions, createGatewayCluster, type GatewayCluster } from './gateway-cluster.fixture.ts';

const SEEDS = [1, 2, 3];

/** What several gateways keep to, whatever carries their hints: every client is shown everything once and in order. */
export function describeGateways(name: string, openMedium: () => () => Promise<Backplane>): void {
  describe(`gateways over ${name}`, () => {
    let cluster: GatewayCluster | undefined;
    const create = async (options: Partial<ClusterOptions> = {}): Promise<GatewayCluster> => {
      cluster = await createGatewayCluster({ openBackplane: openMedium(), users: 12, seed: 1, ...options });
      return cluster;
    };
    afterEach(async () => {
      await cluster?.stop();
      cluster = undefined;
    });

    it('show what was routed elsewhere, from the hint, without a heartbeat', async () => {
      const { addGateway, addFollowers, publishMany, allShown, gateways, followers } = await create({
        limits: { heartbeatMs: 300_000 },
      });
      await addGateway();
      await addGateway();
      await addFollowers();
      await publishMany(50);
      await allShown();
      // The clients are spread, or this would show nothing.
      for (const gateway of gateways) expect(followers.some((each) => each.gateway() === gateway)).toBe(true);
    });

    it.each(SEEDS)('miss nothing when hints are lost, doubled and late (seed %i)', async (seed) => {
      const { addGateway, addFollowers, publishMany, allShown, followers } = await create({ seed });
      await addGateway();
      await addGateway();
      await addFollowers();
      for (let round = 0; round < 10; round++) {
        await publishMany(20, { lost: 0.5, doubled: 0.3, late: 0.3 });
        followers[round % followers.length]?.cut();
      }
      await allShown();
    });

    it('miss nothing when a gateway dies under load: its clients resume at the other', async () => {
      const { addGateway, addFollowers, startLoad, allShown, killGateway, total, followers } = await create();
      const first = await addGateway();
      await addGateway();
      await addFollowers();
      const endLoad = startLoad(5);
      await vi.waitFor(() => expect(total()).toBeGreaterThan(300), { timeout: 30_000 });
      await killGateway(first);
      const before = total();
      await vi.waitFor(() => expect(total()).toBeGreaterThan(before + 300), { timeout: 30_000 });
      await endLoad();
      await allShown();
      expect(followers.every((each) => each.gateway() !== first)).toBe(true);
    });

    it('miss nothing when a gateway starts under load and takes over the clients', async () => {
      const { addGateway, addFollowers, startLoad, allShown, killGateway, total } = await create();
      const first = await addGateway();
      await addFollowers();
      const endLoad = startLoad(5);
      await vi.waitFor(() => expect(total()).toBeGreaterThan(100), { timeout: 30_000 });
      await addGateway();
      await killGateway(first);
      const before = total();
      await vi.waitFor(() => expect(total()).toBeGreaterThan(before + 300), { timeout: 30_000 });
      await endLoad();
      await allShown();
    });
  });
}
