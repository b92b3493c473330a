import { once } from 'node:events';
import { createRequire } from 'node:module';
import { type AddressInfo, connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createKafka } from './kafka-client.ts';
import { silentLogger } from './kafka-log.fixture.ts';
import { mendReconnect } from './reconnect.ts';

type Connection = { connect(): Promise<unknown>; disconnect(): Promise<unknown> };
const Connection: new (options: object) => Connection = createRequire(import.meta.url)(
  'kafkajs/src/network/connection.js',
);

/** ApiVersions, the first request of every connection, is answered as a broker does that offers it and metadata. */
function apiVersions(request: Buffer): Buffer {
  const answer = Buffer.alloc(4 + 4 + 2 + 4 + 2 * 6);
  answer.writeInt32BE(answer.length - 4, 0);
  answer.writeInt32BE(request.readInt32BE(8), 4);
  answer.writeInt32BE(2, 10);
  for (const [index, [key, most]] of [
    [18, 0],
    [3, 1],
  ].entries()) {
    answer.writeInt16BE(key ?? 0, 14 + index * 6);
    answer.writeInt16BE(most ?? 0, 18 + index * 6);
  }
  return answer;
}

let server: Server;
let seen: number;
let answer: (socket: Socket, request: Buffer, connection: number) => void;

beforeEach(async () => {
  seen = 0;
  server = createServer((socket) => {
    const connection = ++seen;
    socket.on('data', (request) => answer(socket, request, connection));
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => {
  server.close();
});

function connect() {
  const brokers = [`127.0.0.1:${(server.address() as AddressInfo).port}`];
  const kafka = createKafka({ brokers, clientId: 'c', logger: silentLogger, requestTimeoutMs: 1_000 });
  const admin = kafka.admin();
  return { connected: admin.connect(), admin };
}

it('begins anew on a connection that was cut in the middle of an answer', async () => {
  answer = (socket, request, connection) => {
    if (connection > 2) return void socket.write(apiVersions(request));
    socket.end(apiVersions(request).subarray(0, 9));
  };
  const { connected, admin } = connect();
  await connected;
  expect(seen).toBe(3);
  await admin.disconnect();
});

it('opens one line where two want it at the same time', async () => {
  mendReconnect();
  const lines = { debug: () => {}, error: () => {}, namespace: () => lines };
  const connection = new Connection({
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    logger: lines,
    connectionTimeout: 5_000,
    requestTimeout: 5_000,
    socketFactory: ({ port, onConnect }: { port: number; onConnect: () => void }) => connectTo({ port }, onConnect),
  });
  await Promise.all([connection.connect(), connection.connect()]);
  expect(seen).toBe(1);
  await connection.disconnect();
});

it('fails, and does not end the process, where the other side does not speak the protocol', async () => {
  const thrown = vi.fn();
  process.once('uncaughtException', thrown);
  answer = (socket) => void socket.write(Buffer.from([0, 0, 0, 1, 7]));
  const { connected } = connect();
  await expect(connected).rejects.toThrow();
  expect(thrown).not.toHaveBeenCalled();
  process.removeListener('uncaughtException', thrown);
}, 30_000);
