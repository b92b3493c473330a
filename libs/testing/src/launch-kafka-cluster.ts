import { freePort } from './free-port.ts';
import { findKafkaJars, type KafkaJars } from './kafka-jars.ts';
import { createKafkaProcess } from './kafka-process.ts';
import { kafkaProperties } from './kafka-properties.ts';
import { type KafkaServer, probeKafka } from './launch-kafka.ts';
import { climbRungs } from './launch-rung.ts';
import type { Found } from './need.ts';
import { type LaunchedServer, launchServer } from './server-run.ts';

export type LaunchedKafkaCluster = KafkaServer & {
  /** By node id, as in the metadata of topics: 1 to 3. The first is also the only controller: kill the others. */
  broker(nodeId: number): LaunchedServer;
  stop(): Promise<void>;
};

export type LaunchKafkaCluster = () => Promise<LaunchedKafkaCluster>;

const NODES = [1, 2, 3];
/** They have little to do, and one machine has three of them. */
const HEAP_MIB = 256;
const HOST = '127.0.0.1';
const REPLICATED = {
  'offsets.topic.replication.factor': '3',
  'transaction.state.log.replication.factor': '3',
  // A follower that stands still leaves the set in sync this fast; the default is 30 s.
  'replica.lag.time.max.ms': '5000',
};

/** How to start three brokers of one's own here. Only as processes: in containers they do not reach each other at the addresses that they give to us. */
export function findKafkaClusterLauncher(): Promise<Found<LaunchKafkaCluster>> {
  return climbRungs<LaunchKafkaCluster>({
    docker: async () => ({ ok: false, reason: 'a cluster is started as processes only' }),
    async process() {
      const jars = await findKafkaJars();
      return jars.ok ? { ok: true, value: () => launchCluster(jars.value) } : jars;
    },
  });
}

async function launchCluster(jars: KafkaJars): Promise<LaunchedKafkaCluster> {
  const voterPort = await freePort();
  const started = new Map<number, LaunchedServer>();
  const stop = async () => void (await Promise.all([...started.values()].map((broker) => broker.stop())));
  const start = async (nodeId: number): Promise<string> => {
    const ports = { client: await freePort(), internal: await freePort(), controller: voterPort };
    const facts = { bind: HOST, host: HOST, ports, node: { nodeId, voterPort } };
    const run = createKafkaProcess(jars, {
      propertiesFor: (data) => kafkaProperties({ properties: REPLICATED }, { ...facts, data }),
      formatArguments: [],
      heapMiB: HEAP_MIB,
    });
    const address = `${HOST}:${ports.client}`;
    started.set(nodeId, await launchServer('kafka', run, () => probeKafka([address])));
    return address;
  };
  try {
    const brokers: string[] = [];
    for (const nodeId of NODES) brokers.push(await start(nodeId));
    return {
      brokers,
      broker(nodeId) {
        const broker = started.get(nodeId);
        if (broker === undefined) throw new RangeError(`there is no node ${nodeId}, only ${NODES.join(', ')}`);
        return broker;
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
