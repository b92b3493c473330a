import { sleep } from '@belfry/core/clock';
import { freePort } from '@belfry/testing/free-port';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { findToxiproxy, startToxiproxy, type Toxic } from '@belfry/testing/toxiproxy';
import { expect, it, vi } from 'vitest';
import { startAppendLoad } from './append-load.fixture.ts';
import { openLog, silentLogger } from './kafka-log.fixture.ts';

const launcher = await findKafkaLauncher();
const proxyCommand = findToxiproxy();
const withProxy = launcher.ok && proxyCommand.ok ? { ok: true as const, value: proxyCommand.value } : proxyCommand;

/**
 * What the answers of the broker meet, one after the other. A new connection needs some 500 bytes of answers before it sends records: around there the
 * records are stored, and again when the client repeats them, but what the broker says to them is cut off.
 */
const CUTS: readonly Toxic[] = [
  ...[250, 900, 1_500].map((bytes) => limitData(bytes)),
  ...[5, 40, 120].map((timeout): Toxic => ({ type: 'reset_peer', attributes: { timeout } })),
  ...Array.from({ length: 18 }, (_, step) => limitData(420 + 20 * step)),
  { ...limitData(600), toxicity: 0.5 },
];
const CUT_MS = 700;
/** So short that writers go on with other records while what they gave up may be stored: then a sequence number used twice shows. */
const APPEND_DEADLINE_MS = 400;
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
      const failures: string[] = [];
      const logger = { ...silentLogger, warn: (_: unknown, line: string) => void failures.push(line) };
      const log = await openLog([proxy.address], { prefix: 'test.', logger, appendDeadlineMs: APPEND_DEADLINE_MS });
      const direct = await openLog(kafka.directBrokers, { prefix: 'test.' });
      try {
        await log.ensureTopics([JOBS]);
        const load = startAppendLoad(log, 'jobs', WRITERS);
        for (const toxic of CUTS) {
          const remove = await proxy.addToxic(toxic);
          await sleep(realClock, CUT_MS);
          await remove();
          await sleep(realClock, CUT_MS / 4);
        }
        await load.stop();
        const sendsFailed = failures.filter((line) => line.startsWith('an append failed')).length;
        console.log(`${await load.check(direct)}, ${sendsFailed} sends failed`);
        expect(sendsFailed).toBeGreaterThan(3);
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
        await vi.waitFor(() => expect(load.confirmed.length).toBeGreaterThan(before + 20 * WRITERS), {
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
      console.log(await load.check(log));
    } finally {
      await log.close();
      await kafka.stop();
    }
  });
});

function limitData(bytes: number): Toxic {
  return { type: 'limit_data', attributes: { bytes } };
}
