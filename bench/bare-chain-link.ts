import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { Pool } from 'pg';
import { type WebSocket, WebSocketServer } from 'ws';
import { commitBesideReading } from './kafka-commits.ts';

/** One process of bare-chain.ts: `node bare-chain-link.ts <link> <options>`. Tells its URL (the router an empty one) when it is ready, and ends with its parent. */
export type ChainLink = 'api' | 'router' | 'gateway';

export type ChainOptions = {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly postgresUrl: string;
  readonly redisUrl: string;
};

type Posted = { readonly to: { readonly users: readonly string[] } };

const [link = 'api', json = '{}'] = process.argv.slice(2);
const { brokers, topic, postgresUrl, redisUrl } = JSON.parse(json) as ChainOptions;
const kafka = new Kafka({ clientId: 'bare', brokers: [...brokers], logLevel: logLevel.NOTHING });
const start = { api: startApi, router: startRouter, gateway: startGateway }[link as ChainLink];
process.on('disconnect', () => process.exit(0));
process.send?.(await start());

/** The job is on disk before the post is answered. */
async function startApi(): Promise<string> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
  });
  await producer.connect();
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const value = await text(request);
    const [key = ''] = (JSON.parse(value) as Posted).to.users;
    await producer.send({ topic, acks: -1, messages: [{ key, value }] });
    response.writeHead(202).end();
  };
  const server = createServer((request, response) => void take(request, response));
  return listening(server);
}

/** In a transaction, the next place in the user's stream is locked and what is at it is stored: two round trips and a wait for the disk, as in Belfry. Only then is it told. */
async function startRouter(): Promise<string> {
  const pool = new Pool({ connectionString: postgresUrl, max: 10, pipeline: true });
  const redis = new Redis(redisUrl);
  const consumer = kafka.consumer({ groupId: topic });
  const joined = Promise.withResolvers<void>();
  consumer.on(consumer.events.GROUP_JOIN, () => joined.resolve());
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const tellRead = commitBesideReading(consumer, topic);
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: 12,
    eachMessage: async ({ partition, message }) => {
      const name = message.key?.toString() ?? '';
      const notification = { id: message.offset, ...(JSON.parse(message.value?.toString() ?? '{}') as object) };
      const frame = JSON.stringify({ type: 'notification', notification });
      const client = await pool.connect();
      const [, { rows }] = await Promise.all([
        client.query('begin'),
        client.query({
          name: 'next',
          text: `insert into bench_streams values ($1, 1) on conflict (name) do update set head = bench_streams.head + 1 returning head`,
          values: [name],
        }),
      ]);
      const place = (rows[0] as { head: string }).head;
      await Promise.all([
        client.query({
          name: 'put',
          text: 'insert into bench_inbox values ($1, $2, $3)',
          values: [name, place, frame],
        }),
        client.query('commit'),
      ]);
      client.release();
      void redis.publish(`bench:${name}`, frame);
      tellRead(partition, message);
    },
  });
  await joined.promise;
  return '';
}

/** Users go by their names: the ticket is one. */
async function startGateway(): Promise<string> {
  const redis = new Redis(redisUrl);
  const sockets = new Map<string, WebSocket>();
  redis.on('message', (channel, frame) => sockets.get(channel)?.send(frame));
  const server = createServer();
  const welcome = async (socket: WebSocket, request: IncomingMessage): Promise<void> => {
    const channel = `bench:${new URL(request.url ?? '', 'http://gateway').searchParams.get('ticket')}`;
    sockets.set(channel, socket);
    await redis.subscribe(channel);
    socket.send(JSON.stringify({ type: 'hello' }));
  };
  const accepting = new WebSocketServer({ server, perMessageDeflate: false });
  accepting.on('connection', (socket, request) => void welcome(socket, request));
  return listening(server);
}

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
