import { sleep } from '@belfry/core/clock';
import type { LogRecord } from '@belfry/core/log';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { findToxiproxy, type Toxic } from '@belfry/testing/toxiproxy';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { collect, openLog, silentLogger } from './kafka-log.fixture.ts';
import { appendBurst } from './testing/append-burst.ts';
import { type AppendFigures, startAppendLoad } from './testing/append-load.ts';
import { type ProxiedBroker, startProxiedBroker } from './testing/proxied-broker.ts';
import { RESPONSE_CUTS } from './testing/response-cuts.ts';

const launcher = await findKafkaLauncher();

const CUT_MS = 700;
/** So short that writers go on with other records while what they gave up may be stored: then a sequence number used twice shows. */
const APPEND_DEADLINE_MS = 400;
const CRASHES = 5;
const BURST = 1_000;
const BURST_CUTS: readonly Toxic[] = [
  { type: 'limit_data', attributes: { bytes: 1 } },
  { type: 'limit_data', attributes: { bytes: 600 } },
  { type: 'reset_peer', attributes: { timeout: 20 } },
  { type: 'timeout', attributes: { timeout: 100 } },
];
const WRITERS = 20;
const WHOLE: Partial<AppendFigures> = { lost: 0, misplaced: 0, disordered: 0 };
const JOBS = { name: 'jobs', partitions: 3, retentionMs: 86_400_000, groups: [] };

describeNeeding('kafka', launcher, 'append while the broker fails', (launch) => {
  describeNeeding('toxiproxy', findToxiproxy(), 'to answer', (command) => {
    let broker: ProxiedBroker;
    beforeEach(async () => {
      broker = await startProxiedBroker(launch, command);
    }, 120_000);
    afterEach(() => broker?.stop(), 60_000);

    async function cut(toxic: Toxic): Promise<void> {
      const remove = await broker.proxy.addToxic(toxic);
      await sleep(realClock, CUT_MS);
      await remove();
    }

    it('loses nothing that it confirmed; every confirmed position has its record', { timeout: 180_000 }, async () => {
      const { proxy, kafka } = broker;
      const failures: string[] = [];
      const logger = { ...silentLogger, warn: (_: unknown, line: string) => void failures.push(line) };
      const log = await openLog([proxy.address], { prefix: 'test.', logger, appendDeadlineMs: APPEND_DEADLINE_MS });
      const direct = await openLog(kafka.directBrokers, { prefix: 'test.' });
      try {
        await log.ensureTopics([JOBS]);
        const load = startAppendLoad(log, 'jobs', { writers: WRITERS });
        for (const toxic of RESPONSE_CUTS) {
          await cut(toxic);
          await sleep(realClock, CUT_MS / 4);
        }
        await load.stop();
        const sendsFailed = failures.filter((line) => line.startsWith('an append failed')).length;
        const figures = await load.check(direct);
        console.log(`${JSON.stringify(figures)}, ${sendsFailed} sends failed`);
        expect(figures).toMatchObject(WHOLE);
        expect(sendsFailed).toBeGreaterThan(3);
        expect(load.confirmed).toBeGreaterThan(100);
      } finally {
        await Promise.all([log.close(), direct.close()]);
      }
    });

    it('gives 1,000 appends at once to one partition as many positions, each with its record', {
      timeout: 180_000,
    }, async () => {
      const { proxy, kafka } = broker;
      const log = await openLog([proxy.address], { prefix: 'test.' });
      const direct = await openLog(kafka.directBrokers, { prefix: 'test.' });
      try {
        await log.ensureTopics([{ ...JOBS, name: 'burst', partitions: 1 }]);
        const records = await collect(direct, 'burst');
        for (const [round, toxic] of BURST_CUTS.entries()) {
          const cutting = cut(toxic);
          const positions = await appendBurst(log, 'burst', { appends: BURST, from: round * BURST });
          await cutting;
          expect(positions.size).toBe(BURST);
          await vi.waitFor(() => expect(new Set(records.map(textOf)).size).toBe((round + 1) * BURST), {
            timeout: 30_000,
          });
          const stored = new Map(records.map((record) => [`${record.partition}/${record.offset}`, textOf(record)]));
          expect([...positions].filter(([position, id]) => stored.get(position) !== `${id}`)).toEqual([]);
        }
      } finally {
        await Promise.all([log.close(), direct.close()]);
      }
    });
  });

  it('loses nothing over crashes and a freeze, and goes on by itself', { timeout: 240_000 }, async () => {
    const kafka = await launch();
    const log = await openLog(kafka.brokers, { prefix: 'test.' });
    try {
      await log.ensureTopics([JOBS]);
      const load = startAppendLoad(log, 'jobs', { writers: WRITERS });
      const goesOn = async () => {
        const before = load.confirmed;
        await vi.waitFor(() => expect(load.confirmed).toBeGreaterThan(before + 20 * WRITERS), {
          timeout: 60_000,
        });
      };
      await goesOn();
      for (let crash = 0; crash < CRASHES; crash++) {
        await kafka.kill();
        await kafka.start();
        await goesOn();
      }
      await kafka.pause();
      await sleep(realClock, 7_000);
      await kafka.resume();
      await goesOn();
      await load.stop();
      const figures = await load.check(log);
      console.log(JSON.stringify(figures));
      expect(figures).toMatchObject(WHOLE);
    } finally {
      await log.close();
      await kafka.stop();
    }
  });
});

function textOf({ value }: LogRecord): string {
  return Buffer.from(value).toString();
}
