import type { Kafka } from 'kafkajs';

/**
 * The part of the client's inside that reads single records without a consumer, which its public interface cannot. The client is frozen at its
 * version, and `kafka-lag.kafka.test.ts` fails where this shape is not found.
 */
export type KafkaCluster = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  /** Partitions by the id of the broker that leads them. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(wanted: { readonly nodeId: string }): Promise<KafkaBroker>;
};

export type KafkaBroker = {
  fetch(request: {
    readonly replicaId: number;
    readonly isolationLevel: number;
    readonly maxWaitTime: number;
    readonly minBytes: number;
    readonly maxBytes: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly {
        readonly partition: number;
        readonly fetchOffset: string;
        readonly maxBytes: number;
      }[];
    }[];
  }): Promise<{
    readonly responses: readonly {
      readonly partitions: readonly {
        readonly messages: readonly { readonly offset: string; readonly timestamp: string }[];
      }[];
    }[];
  }>;
};

type ClusterFactory = (options: {
  readonly allowAutoTopicCreation: boolean;
  readonly metadataMaxAge: number;
}) => KafkaCluster;

/** A connection pool of its own with the options of `kafka`. */
export function createKafkaCluster(kafka: Kafka): KafkaCluster {
  const symbol = Object.getOwnPropertySymbols(kafka).find(
    ({ description }) => description === 'private:Kafka:createCluster',
  );
  const create: unknown = symbol === undefined ? undefined : Reflect.get(kafka, symbol);
  if (typeof create !== 'function') throw new TypeError('this version of kafkajs keeps its cluster elsewhere');
  return (create as ClusterFactory)({ allowAutoTopicCreation: false, metadataMaxAge: 60_000 });
}
