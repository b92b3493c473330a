import { sleep } from '@belfry/core/clock';
import { freePort } from '@belfry/testing/free-port';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { findToxiproxy, startToxiproxy, type Toxic } from '@belfry/testing/toxiproxy';
import { expect, it, vi } from 'vitest';
import { startAppendLoad } from './append-load.fixture.ts';
import { openLog } from './kafka-log.fixture.ts';

const launcher = await findKafkaLauncher();
const proxyCommand = findToxiproxy();
const withProxy = launcher.ok && proxyCommand.ok ? { ok: true as const, value: proxyCommand.value } : proxyCommand;

/** What the answers of the broker meet: cut within, cut before, cut for some connections only. */
const CUTS: readonly Toxic[] = [
  { type: 'limit_data', attributes: { bytes: 900 } },
  { type: 'reset_peer', attributes: { timeout: 40 } },
  { type: 'limit_data', attributes: { bytes: 2_500 } },
  { type: 'limit_data', attributes: { bytes: 300 }, toxicity: 0.5 },
  { type: 'reset_peer', attributes: { timeout: 5 } },
];
const CUTTING_MS = 15_000;
const CRASHES = 5;
const WRITERS = 20;
const JOBS = { name: 'jobs', partitions: 3, retentionMs: 86_400_000, groups: [] };

describeNeeding('kafka', launcher, 'append while the broker fails', (launch) => {
  describeNeeding('kafka', withProxy, 'to answer', (command) => {
    it('loses nothing that it confirmed; every confirmed position has its record', { timeout: 180_000 }, async () => {
      const proxies = await startToxiproxy(command);
      const port = await freePort();
      const kafka = await launch({ advertised: `127.0.0.1:${port}` });
      const proxy = await proxies.createProxy({ upstream: `127.0.0.1:${kafka.port}`, port });
      const log = await openLog([proxy.address], { prefix: 'test.' });
      const direct = await openLog(kafka.directBrokers, { prefix: 'test.' });
      try {
        await log.ensureTopics([JOBS]);
        const load = startAppendLoad(log, 'jobs', WRITERS);
        const endsAt = realClock.monotonicMs() + CUTTING_MS;
        for (let round = 0; realClock.monotonicMs() < endsAt; round++) {
          const remove = await proxy.addToxic(CUTS[round % CUTS.length] as Toxic);
          await sleep(realClock, 300);
          await remove();
          await sleep(realClock, 200);
        }
        await load.stop();
        console.log(await load.check(direct));
        expect(load.confirmed.length).toBeGreaterThan(100);
      } finally {
        await Promise.all([log.close(), direct.close()]);
        await Promise.all([proxies.stop(), kafka.stop()]);
      }
    });
  });

  it('loses nothing over crashes and a freeze, and goes on by itself', { timeout: 240_000 }, async () => {
    const kafka = await launch();
    const log = await openLog(kafka.brokers, { prefix: 'test.' });
    try {
      await log.ensureTopics([JOBS]);
      const load = startAppendLoad(log, 'jobs', WRITERS);
      const goesOn = async () => {
        const before = load.confirmed.length;
        await vi.waitFor(() => expect(load.confirmed.length).toBeGreaterThan(before + 20 * WRITERS), { timeout: 60_000 });
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
      console.log(await load.check(log));
    } finally {
      await log.close();
      await kafka.stop();
    }
  });
});
