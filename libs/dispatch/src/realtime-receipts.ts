import type { RealtimeChange } from '@belfry/core/store/user-stream';
import type { ReceiptFeed } from './receipt-feed.ts';

/** Tells the feed what became of realtime deliveries. */
export function putRealtimeReceipts(receipts: Pick<ReceiptFeed, 'put'>, changes: readonly RealtimeChange[]): void {
  receipts.put(
    changes.map((change) => ({
      tenant: change.tenant,
      notificationId: change.notificationId,
      recipient: change.user,
      deliveryId: change.deliveryId,
      channel: 'realtime' as const,
      state: change.state,
    })),
  );
}
