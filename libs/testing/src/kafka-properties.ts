/** The protocol of the listener that clients use. */
export type KafkaProtocol = 'PLAINTEXT' | 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL';

export type KafkaBrokerOptions = {
  /** Server properties on top of ours. The clients' listener is named CLIENT: `listener.name.client.plain.sasl.jaas.config`. */
  readonly properties?: Readonly<Record<string, string>>;
  /** `host:port` that clients are told to connect to, of a proxy before the broker, say. Default: the broker's own. */
  readonly advertised?: string;
  /** Default `PLAINTEXT`. */
  readonly protocol?: KafkaProtocol;
  readonly scramUsers?: readonly ScramUser[];
  /** Default 512. */
  readonly heapMiB?: number;
};

export type ScramUser = {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
  readonly name: string;
  readonly password: string;
};

export type KafkaPorts = { readonly client: number; readonly internal: number; readonly controller: number };

export type KafkaNodeFacts = {
  /** The address to listen at. */
  readonly bind: string;
  /** The one that it is reached at. */
  readonly host: string;
  readonly ports: KafkaPorts;
  readonly data: string;
  /** One of a cluster, whose node 1 alone is the controller. Default: node 1. */
  readonly node?: { readonly nodeId: number; readonly voterPort: number };
};

/** The file of a broker. Node 1 is the controller, too. */
export function kafkaProperties(options: KafkaBrokerOptions, facts: KafkaNodeFacts): string {
  const { bind, host, ports, data } = facts;
  const { client, internal, controller } = ports;
  const { nodeId, voterPort } = facts.node ?? { nodeId: 1, voterPort: controller };
  const own = `CLIENT://${bind}:${client},INTERNAL://${bind}:${internal}`;
  const properties = {
    'process.roles': nodeId === 1 ? 'broker,controller' : 'broker',
    'node.id': `${nodeId}`,
    'controller.quorum.voters': `1@127.0.0.1:${voterPort}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    listeners: nodeId === 1 ? `${own},CONTROLLER://127.0.0.1:${controller}` : own,
    'advertised.listeners': `CLIENT://${options.advertised ?? `${host}:${client}`},INTERNAL://${host}:${internal}`,
    'listener.security.protocol.map': `CLIENT:${options.protocol ?? 'PLAINTEXT'},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'log.dirs': data,
    'offsets.topic.replication.factor': '1',
    // Each of the default 50 costs a folder and a moment at every start.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // After kill -9 a broker is let in again only when its last session is over; the default is 9 s.
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    // Suites wait for sessions to time out.
    'group.min.session.timeout.ms': '500',
    // A topic that nobody created is a mistake to be seen.
    'auto.create.topics.enable': 'false',
    ...options.properties,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${escapeValue(value)}\n`)
    .join('');
}

/** Arguments of Kafka's StorageTool that make these users. */
export function scramArguments(users: readonly ScramUser[] = []): readonly string[] {
  return users.flatMap(({ mechanism, name, password }) => [
    '--add-scram',
    `${mechanism}=[name=${name},password=${password}]`,
  ]);
}

/** Java's properties format: certificates in PEM have several lines. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
