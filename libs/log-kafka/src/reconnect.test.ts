import { createRequire } from 'node:module';
import { connect as connectTo } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { apiVersions, type HandMadeBroker, startHandMadeBroker } from './hand-made-broker.fixture.ts';
import { createKafka } from './kafka-client.ts';
import { silentLogger } from './kafka-log.fixture.ts';
import { mendReconnect } from './reconnect.ts';

type Connection = { connect(): Promise<unknown>; disconnect(): Promise<unknown> };
const Connection: new (options: object) => Connection = createRequire(import.meta.url)(
  'kafkajs/src/network/connection.js',
);

let broker: HandMadeBroker;
beforeEach(async () => {
  broker = await startHandMadeBroker();
});
afterEach(() => broker.stop());

function connect() {
  const brokers = [`127.0.0.1:${broker.port}`];
  const kafka = createKafka({ brokers, clientId: 'c', logger: silentLogger, requestTimeoutMs: 1_000 });
  const admin = kafka.admin();
  return { connected: admin.connect(), admin };
}

it('begins anew on a connection that was cut in the middle of an answer', async () => {
  broker.answerWith((socket, request, connection) => {
    if (connection > 2) socket.write(apiVersions(request));
    else socket.end(apiVersions(request).subarray(0, 9));
  });
  const { connected, admin } = connect();
  await connected;
  expect(broker.opened()).toBe(3);
  await admin.disconnect();
});

it('opens one line where two want it at the same time', async () => {
  mendReconnect();
  const lines = { debug: () => {}, error: () => {}, namespace: () => lines };
  const connection = new Connection({
    host: '127.0.0.1',
    port: broker.port,
    logger: lines,
    connectionTimeout: 5_000,
    requestTimeout: 5_000,
    socketFactory: ({ port, onConnect }: { port: number; onConnect: () => void }) => connectTo({ port }, onConnect),
  });
  await Promise.all([connection.connect(), connection.connect()]);
  expect(broker.opened()).toBe(1);
  await connection.disconnect();
});

it('fails, and does not end the process, where the other side does not speak the protocol', async () => {
  const thrown = vi.fn();
  process.once('uncaughtException', thrown);
  broker.answerWith((socket) => void socket.write(Buffer.from([0, 0, 0, 1, 7])));
  const { connected } = connect();
  await expect(connected).rejects.toThrow();
  expect(thrown).not.toHaveBeenCalled();
  process.removeListener('uncaughtException', thrown);
}, 30_000);
