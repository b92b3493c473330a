import type { RecipientKey } from '@belfry/core/store/routing';
import type { Store } from '@belfry/core/store/store';
import type { RealtimeChange, RealtimeMark } from '@belfry/core/store/user-stream';
import { putRealtimeReceipts } from './realtime-receipts.ts';
import type { ReceiptFeed } from './receipt-feed.ts';

/** What a recipient does with a notification, written to the store first and then told to the receipts feed. */
export type RealtimeState = {
  sent(marks: readonly RealtimeMark[]): Promise<void>;
  acknowledge(marks: readonly RealtimeMark[]): Promise<void>;
  /** Returns how many became read. */
  read(marks: readonly RealtimeMark[]): Promise<number>;
  /** Returns how many became read. */
  readAll(user: RecipientKey): Promise<number>;
};

export function createRealtimeState(
  store: Pick<Store, 'markSent' | 'acknowledge' | 'markRead' | 'markAllRead'>,
  receipts: Pick<ReceiptFeed, 'put'>,
): RealtimeState {
  const tell = (changes: readonly RealtimeChange[]): void => putRealtimeReceipts(receipts, changes);
  return {
    sent: async (marks) => tell(await store.markSent(marks)),
    acknowledge: async (marks) => tell(await store.acknowledge(marks)),
    read: async (marks) => {
      const changes = await store.markRead(marks);
      tell(changes);
      return changes.length;
    },
    readAll: async (user) => {
      const { count, changes } = await store.markAllRead(user);
      tell(changes);
      return count;
    },
  };
}
