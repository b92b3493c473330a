import { describeNeeding, findTime } from '@belfry/testing/need';
import { expect, it } from 'vitest';
import { FAULT_ROUND } from './harness/fault-plan.ts';
import { brokenByFaults } from './harness/loss-report.ts';
import { runLoss } from './harness/loss-run.ts';
import { findLossTools } from './harness/loss-stack.ts';

const time = findTime(4);
const tools = await findLossTools();

describeNeeding(
  'long',
  time.ok ? tools : time,
  'every service in processes of its own, and everything breaks',
  (found) => {
    it('loses nothing that was answered 202, shows nothing twice, and keeps the order of first attempts', async () => {
      const asked = { notifications: 5_000, faults: FAULT_ROUND };
      const report = await runLoss(found, {
        ...asked,
        users: 200,
        deviceEvery: 3,
        clients: 10,
        perSecond: 80,
        seed: 1,
        onProgress: console.log,
      });
      console.log(JSON.stringify(report, undefined, 2));
      expect(brokenByFaults(report, asked)).toEqual([]);
    }, 900_000);
  },
);
