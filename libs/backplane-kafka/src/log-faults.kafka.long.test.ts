import type { Backplane, Hint } from '@belfry/core/backplane';
import type { Log } from '@belfry/core/log';
import { createKafkaLog } from '@belfry/log-kafka';
import { findKafkaLauncher, type LaunchedKafka } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock as clock } from '@belfry/testing/real-clock';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createLogBackplane, HINTS_TOPIC_SETTINGS } from './log-backplane.ts';

const ARRIVAL = { timeout: 90_000, interval: 20 } as const;
const silent = { info() {}, warn() {}, error() {} };
const WAITING = 2_000;
/** In one append, whose fate is unknown. */
const UNDER_WAY = 1_000;

const hint = (offset: number): Hint => ({ tenant: 'acme', user: `user-${offset % 100}`, offset, frame: `${offset}` });

describeNeeding('kafka', await findKafkaLauncher(), 'a Kafka that fails', (launchKafka) => {
  let kafka: LaunchedKafka;
  const logs: Log[] = [];
  let publisher: Backplane;
  let subscriber: Backplane;
  let lost: number;
  let warnings: string[];
  let heardOf: Set<number>;

  beforeAll(async () => {
    kafka = await launchKafka();
  }, 120_000);
  afterAll(() => kafka?.stop());

  const openLog = async (): Promise<Log> => {
    const log = await createKafkaLog({
      brokers: kafka.brokers,
      clientId: 'belfry-faults-test',
      topics: { replicationFactor: 1, minInsyncReplicas: 1 },
      appendDeadlineMs: 2_000,
      clock,
      logger: silent,
      onFatal: (error) => {
        throw error;
      },
    });
    logs.push(log);
    await log.ensureTopics([HINTS_TOPIC_SETTINGS]);
    return log;
  };

  beforeEach(async () => {
    lost = 0;
    warnings = [];
    heardOf = new Set();
    publisher = await createLogBackplane({
      log: await openLog(),
      publishOnly: true,
      maxWaitingHints: WAITING,
      clock,
      logger: { info() {}, warn: (_, message) => void warnings.push(message) },
      onLost(hints) {
        lost += hints;
      },
    });
    subscriber = await createLogBackplane({ log: await openLog(), clock, logger: silent });
    for (let user = 0; user < 100; user++) {
      subscriber.subscribe('acme', `user-${user}`, ({ offset }) => heardOf.add(offset));
    }
    await getsThrough(1);
  }, 120_000);
  afterEach(async () => {
    await publisher.close();
    await subscriber.close();
    for (const log of logs.splice(0)) await log.close();
  }, 120_000);

  const getsThrough = (offset: number) =>
    vi.waitFor(() => {
      publisher.publish([hint(offset)]);
      expect(heardOf).toContain(offset);
    }, ARRIVAL);

  const faults = [
    { fault: 'killed', lose: () => kafka.kill(), restore: () => kafka.start() },
    { fault: 'frozen', lose: () => kafka.pause(), restore: () => kafka.resume() },
  ];
  it.each(faults)(
    'is $fault and comes back: publishers go on, memory is bounded, hints get through again',
    async (each) => {
      await each.lose();
      for (let turn = 0; turn < 20; turn++) {
        publisher.publish(Array.from({ length: 1_000 }, (_, index) => hint(turn * 1_000 + index)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(lost).toBeGreaterThanOrEqual(20_000 - WAITING - UNDER_WAY);
      await each.restore();
      await getsThrough(1_000_000);
      expect(warnings).toHaveLength(1);
    },
    180_000,
  );
});
