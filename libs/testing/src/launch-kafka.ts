import { Kafka, logLevel } from 'kafkajs';
import { createContainerRun, findImage } from './container-run.ts';
import { freePort, onFreePort } from './free-port.ts';
import { findKafkaJars, KAFKA_VERSION } from './kafka-jars.ts';
import { createKafkaProcess, KAFKA_CLUSTER_ID, KAFKA_QUIET } from './kafka-process.ts';
import { type KafkaBrokerOptions, type KafkaPorts, kafkaProperties, scramArguments } from './kafka-properties.ts';
import { climbRungs } from './launch-rung.ts';
import type { Found } from './need.ts';
import { type LaunchedServer, launchServer, type ServerRun } from './server-run.ts';

export type KafkaServer = { readonly brokers: readonly string[] };

export type LaunchedKafka = KafkaServer &
  LaunchedServer & {
    /** Of the clients' listener: what a proxy has as its upstream. */
    readonly port: number;
    /** A listener without TLS, SASL or proxy, for looking from the side while the other one is being cut. */
    readonly directBrokers: readonly string[];
  };

export type LaunchKafka = (options?: KafkaBrokerOptions) => Promise<LaunchedKafka>;

const IMAGE = `apache/kafka:${KAFKA_VERSION}`;

/** How to start a broker of one's own here. */
export function findKafkaLauncher(): Promise<Found<LaunchKafka>> {
  return climbRungs<LaunchKafka>({
    async docker() {
      const host = await findImage(IMAGE);
      if (!host.ok) return host;
      return launcher(host.value, (ports, options) => {
        const data = '/var/lib/kafka/data';
        const file = '/tmp/server.properties';
        const java = `java ${KAFKA_QUIET} -cp '/opt/kafka/libs/*'`;
        const scram = scramArguments(options.scramUsers).map((argument) => `'${argument}'`);
        const format = `${java} kafka.tools.StorageTool format -t ${KAFKA_CLUSTER_ID} -c ${file} ${scram.join(' ')}`;
        // The image's own entrypoint knows no SCRAM users; this one gives both rungs the same broker.
        const script = `[ -f ${data}/meta.properties ] || ${format}; exec ${java} -Xmx${heapOf(options)}m kafka.Kafka ${file}`;
        return createContainerRun({
          image: IMAGE,
          // The same inside and outside: the broker connects to itself at the address that it advertises.
          ports: { [ports.client]: ports.client, [ports.internal]: ports.internal },
          entrypoint: ['bash', '-c'],
          command: [script],
          files: { [file]: kafkaProperties(options, { bind: '0.0.0.0', host: host.value, ports, data }) },
        });
      });
    },
    async process() {
      const jars = await findKafkaJars();
      if (!jars.ok) return jars;
      const host = '127.0.0.1';
      return launcher(host, async (ports, options) =>
        createKafkaProcess(jars.value, {
          propertiesFor: (data) => kafkaProperties(options, { bind: host, host, ports, data }),
          formatArguments: scramArguments(options.scramUsers),
          heapMiB: heapOf(options),
        }),
      );
    },
  });
}

/** Rejects unless one of these brokers answers and tells of a broker that takes part. */
export async function probeKafka(brokers: readonly string[]): Promise<void> {
  const kafka = new Kafka({
    clientId: 'belfry-probe',
    brokers: [...brokers],
    connectionTimeout: 3_000,
    requestTimeout: 3_000,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0) throw new Error(`${brokers.join(',')}: no broker has registered yet`);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

function heapOf({ heapMiB = 512 }: KafkaBrokerOptions): number {
  return heapMiB;
}

function launcher(
  host: string,
  create: (ports: KafkaPorts, options: KafkaBrokerOptions) => Promise<ServerRun>,
): Found<LaunchKafka> {
  const launch: LaunchKafka = (options = {}) =>
    onFreePort(async (client) => {
      const ports = { client, internal: await freePort(), controller: await freePort() };
      const directBrokers = [`${host}:${ports.internal}`];
      const server = await launchServer('kafka', await create(ports, options), () => probeKafka(directBrokers));
      return { ...server, brokers: [options.advertised ?? `${host}:${client}`], port: client, directBrokers };
    });
  return { ok: true, value: launch };
}
