import { sleep } from '@belfry/core/clock';
import type { AppendedPosition, LogRecord } from '@belfry/core/log';
import { isUnavailable } from '@belfry/core/unavailable-error';
import { freePort } from '@belfry/testing/free-port';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { realClock } from '@belfry/testing/real-clock';
import { findToxiproxy, startToxiproxy, type Toxic } from '@belfry/testing/toxiproxy';
import { expect, it, vi } from 'vitest';
import { collect, openLog } from './kafka-log.fixture.ts';

const launcher = await findKafkaLauncher();
const proxyCommand = findToxiproxy();
const found = launcher.ok
  ? proxyCommand.ok
    ? { ok: true as const, value: { launch: launcher.value, command: proxyCommand.value } }
    : proxyCommand
  : launcher;

const CUTS: readonly Toxic[] = [
  { type: 'limit_data', attributes: { bytes: 900 } },
  { type: 'reset_peer', attributes: { timeout: 40 } },
  { type: 'limit_data', attributes: { bytes: 2_500 } },
  { type: 'limit_data', attributes: { bytes: 300 }, toxicity: 0.5 },
  { type: 'reset_peer', attributes: { timeout: 5 } },
];
const WRITERS = 20;
const FAULT_MS = 15_000;

describeNeeding('kafka', found, 'append while answers of the broker are cut', ({ launch, command }) => {
  it('loses nothing that it confirmed, and every confirmed position holds its record', {
    timeout: 180_000,
  }, async () => {
    const proxies = await startToxiproxy(command);
    const port = await freePort();
    const kafka = await launch({ advertised: `127.0.0.1:${port}` });
    const proxy = await proxies.createProxy({ upstream: `127.0.0.1:${kafka.port}`, port });
    const prefix = 'cut.';
    const log = await openLog([proxy.address], { prefix, appendDeadlineMs: 10_000 });
    const direct = await openLog(kafka.directBrokers, { prefix });
    try {
      await log.ensureTopics([{ name: 'jobs', partitions: 3, retentionMs: 86_400_000, groups: [] }]);
      let isCutting = true;
      const confirmed: (AppendedPosition & { readonly id: string })[] = [];
      let rejected = 0;
      const writers = Array.from({ length: WRITERS }, async (_, writer) => {
        for (let count = 0; isCutting; count++) {
          const id = `${writer}-${count}`;
          try {
            const [position] = await log.append('jobs', [{ key: `key-${writer}`, value: Buffer.from(id) }]);
            if (position !== undefined) confirmed.push({ ...position, id });
          } catch (error) {
            if (!isUnavailable(error)) throw error;
            rejected++;
          }
        }
      });
      const endsAt = realClock.monotonicMs() + FAULT_MS;
      for (let round = 0; realClock.monotonicMs() < endsAt; round++) {
        const remove = await proxy.addToxic(CUTS[round % CUTS.length] as Toxic);
        await sleep(realClock, 300);
        await remove();
        await sleep(realClock, 200);
      }
      isCutting = false;
      await Promise.all(writers);

      const records = await collect(direct, 'jobs');
      await vi.waitFor(() => expect(missing(confirmed, records)).toEqual([]), { timeout: 30_000, interval: 500 });
      const ids = records.map(idOf);
      const stored = new Map(records.map((record) => [`${record.partition}/${record.offset}`, idOf(record)]));
      expect(confirmed.filter(({ partition, offset, id }) => stored.get(`${partition}/${offset}`) !== id)).toEqual([]);
      expect(new Set(confirmed.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(confirmed.length);
      for (let writer = 0; writer < WRITERS; writer++) {
        const firsts = [...new Set(ids.filter((id) => id.startsWith(`${writer}-`)))].map((id) =>
          Number(id.split('-')[1]),
        );
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
      }
      const duplicates = records.length - new Set(ids).size;
      console.log(`${confirmed.length} confirmed, ${rejected} rejected, ${duplicates} stored twice`);
      expect(confirmed.length).toBeGreaterThan(100);
    } finally {
      await Promise.all([log.close(), direct.close()]);
      await Promise.all([proxies.stop(), kafka.stop()]);
    }
  });
});

function missing(confirmed: readonly { readonly id: string }[], records: readonly LogRecord[]): string[] {
  const stored = new Set(records.map(idOf));
  return confirmed.map(({ id }) => id).filter((id) => !stored.has(id));
}

function idOf({ value }: LogRecord): string {
  return Buffer.from(value).toString();
}
