import type { Clock } from '@belfry/core/clock';
import type { Log } from '@belfry/core/log';
import { RECEIPTS_TOPIC, recipientKey } from '@belfry/protocol/log-topics';
import type { Receipt } from '@belfry/protocol/receipt';
import { createBatcher } from './batcher.ts';

/** What happened, without the version and the time that the feed adds. */
export type ReceiptFacts = Omit<Receipt, 'v' | 'atMs'>;

/** The output feed of state changes. A record is done only after its receipts are appended, so the feed is at least once, too. */
export type ReceiptFeed = {
  append(facts: readonly ReceiptFacts[]): Promise<void>;
};

export function createReceiptFeed(log: Log, clock: Clock): ReceiptFeed {
  const batcher = createBatcher<ReceiptFacts, void>(async (facts) => {
    const atMs = clock.nowMs();
    await log.append(
      RECEIPTS_TOPIC,
      facts.map((fact) => ({
        key: recipientKey(fact.tenant, fact.recipient ?? fact.notificationId),
        value: Buffer.from(JSON.stringify({ v: 1, atMs, ...fact } satisfies Receipt)),
      })),
    );
    return facts.map(() => undefined);
  });
  return {
    append: async (facts) => {
      await Promise.all(facts.map((fact) => batcher(fact)));
    },
  };
}
