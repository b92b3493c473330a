import type { Backplane, Hint } from '@belfry/core/backplane';
import type { Clock } from '@belfry/core/clock';
import { createHintOutbox, outageLines, settledSoon } from '@belfry/core/hint-outbox';
import { createHintSubscriptions } from '@belfry/core/hint-subscriptions';
import type { Log, LogRecord, LogTopicSettings } from '@belfry/core/log';
import { formatHint, hintAddress, parseHint } from '@belfry/protocol/hint-wire';
import { HINTS_TOPIC } from '@belfry/protocol/log-topics';

/** Lines with counts and reasons. */
export type BackplaneLogger = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
};

export type LogBackplaneOptions = {
  /** Has `HINTS_TOPIC_SETTINGS` among its topics. Stays open when the backplane is closed. */
  readonly log: Pick<Log, 'append' | 'tail'>;
  /** For a process without users' connections: it does not read the topic, and `subscribe` throws. */
  readonly publishOnly?: boolean;
  /** Hints that may wait while an append is under way; further ones are lost. 10,000 when omitted. */
  readonly maxWaitingHints?: number;
  readonly clock: Clock;
  readonly logger: BackplaneLogger;
  /** Hints that this process published and that were not appended. */
  readonly onLost?: (hints: number) => void;
  /** Records for users of this process that are no hints. */
  readonly onIgnored?: (records: number) => void;
};

/**
 * A hint is worth something for seconds, so it is kept only for minutes. Few partitions: every gateway reads all of them, and more would make each of
 * its fetches smaller and no reader faster.
 */
export const HINTS_TOPIC_SETTINGS: LogTopicSettings = {
  name: HINTS_TOPIC,
  partitions: 4,
  retentionMs: 10 * 60_000,
  retentionBytes: 64 * 1_024 * 1_024,
  groups: [],
};

/**
 * Hints over a topic of the log: nothing more to run where the log is there anyway. Every gateway reads every hint and keeps those of its own users,
 * so what a gateway reads grows with the whole of Belfry, not with its share; the key tells whose a record is, and the rest of a stranger's is not looked at.
 *
 * Resolves when the topic is being read. An append that fails loses its hints: repeating it would make late what heartbeats deliver soon.
 */
export async function createLogBackplane(options: LogBackplaneOptions): Promise<Backplane> {
  const { log, logger, publishOnly = false } = options;
  let closed = false;

  const outbox = createHintOutbox({
    send: async (hints) => void (await log.append(HINTS_TOPIC, hints.map(toRecord))),
    ...(options.maxWaitingHints === undefined ? {} : { maxHints: options.maxWaitingHints }),
    ...(options.onLost === undefined ? {} : { onLost: options.onLost }),
    ...outageLines(logger),
  });
  const subscriptions = createHintSubscriptions({
    onHandlerError: (error) => logger.warn({ err: error }, 'backplane: a handler of hints failed'),
  });

  const receive = (records: readonly LogRecord[]): void => {
    for (const { key, value } of records) {
      if (!subscriptions.has(key)) continue;
      const hint = parseHint(decoder.decode(value));
      if (hint === undefined) options.onIgnored?.(1);
      else subscriptions.deliver(key, hint);
    }
  };
  const tail = publishOnly ? undefined : await log.tail(HINTS_TOPIC, receive);

  return {
    publish(hints) {
      if (!closed) outbox.add(hints);
    },
    subscribe(tenant, user, handler, onGap) {
      if (publishOnly) throw new Error('a backplane made with publishOnly takes no subscriptions');
      if (closed) return () => undefined;
      return subscriptions.add({ address: hintAddress(tenant, user), tenant, user, handler, onGap });
    },
    async close() {
      if (closed) return;
      closed = true;
      subscriptions.clear();
      await settledSoon(outbox, options.clock);
      outbox.close();
      await tail?.close();
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function toRecord(hint: Hint) {
  return { key: hintAddress(hint.tenant, hint.user), value: encoder.encode(formatHint(hint)) };
}
