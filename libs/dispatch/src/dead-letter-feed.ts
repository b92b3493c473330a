import type { DeliveryRef } from '@belfry/core/delivery';
import type { Log } from '@belfry/core/log';
import type { Store } from '@belfry/core/store/store';
import type { DeadLetterRecord } from '@belfry/protocol/dead-letter-record';
import { DEAD_LETTERS_TOPIC, recipientKey } from '@belfry/protocol/log-topics';

/** The output feed of dead letters, each with its whole history, for whoever wants to act on them outside Belfry. At least once. */
export type DeadLetterFeed = { append(ref: DeliveryRef): Promise<void> };

export function createDeadLetterFeed(log: Pick<Log, 'append'>, store: Pick<Store, 'listDeadLetters'>): DeadLetterFeed {
  return {
    async append(ref) {
      const filter = { notificationId: ref.notificationId, recipient: ref.recipient, channel: ref.channel };
      const { items } = await store.listDeadLetters(ref.tenant, filter, undefined, 200);
      const letter = items.find((item) => item.deliveryId === ref.deliveryId && item.redrive === ref.redrive);
      if (letter === undefined) return;
      const told: DeadLetterRecord = { v: 1, kind: 'dead-letter', ...letter, attempts: [...letter.attempts] };
      const record = { key: recipientKey(ref.tenant, ref.recipient), value: Buffer.from(JSON.stringify(told)) };
      await log.append(DEAD_LETTERS_TOPIC, [record]);
    },
  };
}
