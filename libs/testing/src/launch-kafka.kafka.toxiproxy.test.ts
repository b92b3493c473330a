import { expect, it, vi } from 'vitest';
import { freePort } from './free-port.ts';
import { findKafkaLauncher, probeKafka } from './launch-kafka.ts';
import { describeNeeding } from './need.ts';
import { findToxiproxy, startToxiproxy } from './toxiproxy.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

describeNeeding('kafka', await findKafkaLauncher(), 'a broker', (launchKafka) => {
  describeNeeding('toxiproxy', findToxiproxy(), 'behind a proxy', (command) => {
    it('sends its clients through the proxy', async () => {
      const port = await freePort();
      const toxiproxy = await startToxiproxy(command);
      const broker = await launchKafka({ advertised: `127.0.0.1:${port}` });
      try {
        expect(broker.brokers).toEqual([`127.0.0.1:${port}`]);
        const proxy = await toxiproxy.createProxy({ port, upstream: `127.0.0.1:${broker.port}` });
        await probeKafka(broker.brokers);
        await proxy.addToxic({ type: 'limit_data', attributes: { bytes: 20 } });
        await expect(probeKafka(broker.brokers)).rejects.toThrow();
        await probeKafka(broker.directBrokers);
      } finally {
        await broker.stop();
        await toxiproxy.stop();
      }
    });
  });
});
