import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { freePort } from '@belfry/testing/free-port';
import { findKafkaLauncher } from '@belfry/testing/launch-kafka';
import { describeNeeding } from '@belfry/testing/need';
import { expect, it, vi } from 'vitest';
import { collect, openLog } from './kafka-log.fixture.ts';

const RIGHT = Buffer.from('as it was written');
const WRONG = Buffer.from('as it Was written');
const JOBS = { name: 'jobs', partitions: 1, retentionMs: 86_400_000, groups: [] };

/** Hands on what both sides say, but changes one bit of that value in what the broker answers. */
async function startForger(port: number, brokerPort: number): Promise<Server> {
  const server = createServer((client) => {
    const broker = connect(brokerPort, '127.0.0.1');
    client.pipe(broker);
    broker.on('data', (answer) => {
      for (let at = answer.indexOf(RIGHT); at !== -1; at = answer.indexOf(RIGHT, at)) WRONG.copy(answer, at);
      client.write(answer);
    });
    for (const [one, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describeNeeding('kafka', await findKafkaLauncher(), 'a record that was changed after it was written', (launch) => {
  it('is never delivered: what comes before it is, and then the process has to end', { timeout: 180_000 }, async () => {
    const port = await freePort();
    const kafka = await launch({ advertised: `127.0.0.1:${port}` });
    const forger = await startForger(port, kafka.port);
    const fatal: Error[] = [];
    const log = await openLog([`127.0.0.1:${port}`], {
      prefix: 'test.',
      consume: { fatalAfterMs: 3_000 },
      onFatal: (error) => void fatal.push(error),
    });
    try {
      await log.ensureTopics([JOBS]);
      for (const value of [Buffer.from('before'), RIGHT, Buffer.from('after')])
        await log.append('jobs', [{ key: 'k', value }]);
      const records = await collect(log, 'jobs');
      await vi.waitFor(() => expect(fatal).toHaveLength(1), { timeout: 120_000, interval: 100 });
      expect(fatal[0]?.message).toMatch(/cannot be read though the broker answers: the batch at offset 1 is damaged/);
      const values = new Set(records.map(({ value }) => Buffer.from(value).toString()));
      expect([...values]).toEqual(['before']);
    } finally {
      await log.close();
      forger.close();
      await kafka.stop();
    }
  });
});
