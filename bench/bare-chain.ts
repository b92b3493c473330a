import { once } from 'node:events';
import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';
import type { ChainLink, ChainOptions } from './bare-chain-link.ts';
import { startChild } from './child-process.ts';
import { createTopicWithLeaders } from './kafka-topic.ts';

/**
 * What a notification cannot do without on its way from a post to a WebSocket through Kafka, PostgreSQL and Redis, and nothing else: three processes of a page each. No keys, limits,
 * devices, preferences, repeats, receipts, ledger or acknowledgements.
 */
export type BareChain = {
  readonly api: string;
  readonly realtime: string;
  stop(): void;
};

const TOPIC = 'bench-chain';
const TABLES = `
  create table bench_streams (name text primary key, head bigint not null);
  create table bench_inbox (name text, place bigint, frame text not null, primary key (name, place))`;

export async function startBareChain(
  options: Omit<ChainOptions, 'topic'> & { readonly partitions: number },
): Promise<BareChain> {
  const { brokers, postgresUrl, redisUrl, partitions } = options;
  const kafka = new Kafka({ clientId: 'bare', brokers: [...brokers], logLevel: logLevel.NOTHING });
  await createTopicWithLeaders(kafka, TOPIC, partitions);
  const postgres = new Client({ connectionString: postgresUrl });
  await postgres.connect();
  await postgres.query(TABLES);
  await postgres.end();
  const given = JSON.stringify({ brokers, postgresUrl, redisUrl, topic: TOPIC } satisfies ChainOptions);
  const start = async (link: ChainLink) => {
    const child = startChild('bare-chain-link.ts', [link, given]);
    const [url] = await once(child, 'message');
    return { child, url: url as string };
  };
  const [api, router, gateway] = await Promise.all([start('api'), start('router'), start('gateway')]);
  return {
    api: api.url,
    realtime: gateway.url,
    stop() {
      for (const { child } of [api, router, gateway]) if (child.connected) child.disconnect();
    },
  };
}
