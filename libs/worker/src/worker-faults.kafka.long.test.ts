import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding, findTime } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { brokenByWorkerFaults, runWorkerFaults } from './testing/run-worker-faults.ts';

const launcher = await findKafkaLauncher();
const ASKED = { records: 20_000, kills: 6, rebalances: 3 };

describeNeeding('kafka', launcher, 'workers over Kafka in processes of their own', (launch) => {
  describeNeeding('long', findTime(1), 'of which some are killed and others come and go', () => {
    it('lose nothing, keep the order of first attempts, and repeat at most what was in flight at a kill', {
      timeout: 180_000,
    }, async () => {
      const figures = await runWorkerFaults({ ...ASKED, keys: 2_000, seed: 1, launch });
      console.log(JSON.stringify(figures));
      expect(brokenByWorkerFaults(figures, ASKED)).toEqual([]);
    });
  });
});
