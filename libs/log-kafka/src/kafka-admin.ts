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

export function createKafkaAdmin(kafka: Kafka): KafkaAdmin {
  let current: { readonly admin: Admin; readonly connected: Promise<void> } | undefined;
  let closed = false;

  function connect(): { readonly admin: Admin; readonly connected: Promise<void> } {
    const admin = kafka.admin();
    return { admin, connected: admin.connect() };
  }

  return {
    async run(purpose, task) {
      if (closed) throw new UnavailableError('log-unavailable', 'the log is closed');
      current ??= connect();
      const used = current;
      try {
        await used.connected;
        return await task(used.admin);
      } catch (error) {
        const root = rootFailure(error);
        if (root instanceof kafkajs.KafkaJSAggregateError || isFinalAnswer(root)) throw root;
        // The client's admin does not find its way back after its last broker went away.
        if (current === used) current = undefined;
        used.admin.disconnect().catch(() => {});
        throw new UnavailableError('log-unavailable', `${purpose} failed: ${describeFailure(error)}`, { cause: error });
      }
    },
    async close() {
      closed = true;
      await current?.admin.disconnect().catch(() => {});
    },
  };
}

function isFinalAnswer(error: unknown): boolean {
  return isProtocolError(error) && (!error.retriable || error.type === 'UNKNOWN_TOPIC_OR_PARTITION');
}
