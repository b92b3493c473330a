import { UnavailableError } from '@belfry/core/unavailable-error';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { describeFailure, isProtocolError, rootFailure } from './failure.ts';

/** The one admin connection of a log: made when first used, and made anew after it failed. */
export type KafkaAdmin = {
  /**
   * Runs requests. Rejects with the broker's answer where that is final or says that a topic is unknown (`isProtocolError`, or the client's
   * `KafkaJSAggregateError` of several), else with `UnavailableError`, whose message begins with `purpose`.
   */
  run<Result>(purpose: string, task: (admin: Admin) => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
};

type Connection = { readonly admin: Admin; readonly connected: Promise<void>; users: number; isDropped: boolean };

export function createKafkaAdmin(kafka: Kafka): KafkaAdmin {
  let current: Connection | undefined;
  let closed = false;

  function open(): Connection {
    const admin = kafka.admin();
    return { admin, connected: admin.connect(), users: 0, isDropped: false };
  }

  /** The next request gets a new connection; this one ends with its last request, as others may still be at theirs. */
  function drop(connection: Connection): void {
    connection.isDropped = true;
    if (current === connection) current = undefined;
  }

  return {
    async run(purpose, task) {
      if (closed) throw new UnavailableError('log-unavailable', 'the log is closed');
      current ??= open();
      const used = current;
      used.users++;
      try {
        await used.connected;
        return await task(used.admin);
      } catch (error) {
        const root = rootFailure(error);
        if (root instanceof kafkajs.KafkaJSAggregateError) throw root;
        // A topic that is gone stays on the client's list and makes every later request fail.
        if (isUnknownTopic(root)) drop(used);
        if (isFinalAnswer(root)) throw root;
        // The client's admin does not find its way back after its last broker went away.
        drop(used);
        throw new UnavailableError('log-unavailable', `${purpose} failed: ${describeFailure(error)}`, { cause: error });
      } finally {
        used.users--;
        if (used.isDropped && used.users === 0) used.admin.disconnect().catch(() => {});
      }
    },
    async close() {
      closed = true;
      await current?.admin.disconnect().catch(() => {});
    },
  };
}

function isUnknownTopic(error: unknown): boolean {
  return isProtocolError(error) && error.type === 'UNKNOWN_TOPIC_OR_PARTITION';
}

function isFinalAnswer(error: unknown): boolean {
  return isProtocolError(error) && (!error.retriable || isUnknownTopic(error));
}
