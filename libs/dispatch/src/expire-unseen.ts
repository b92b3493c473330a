import type { Store } from '@belfry/core/store/store';
import { putRealtimeReceipts } from './realtime-receipts.ts';
import type { ReceiptFeed } from './receipt-feed.ts';

/** Deliveries ended at once, so that no one transaction holds up the work for long. */
const STEP = 1_000;
/** What a gateway wrote to a socket before the deadline it tells the store within this time (it gathers), and that counts. */
const GRACE_MS = 500;

/**
 * Ends the realtime deliveries that nobody was shown by their deadline, and tells the feed once: a crash in between loses the line, never the fact. Resolves with whether there is more
 * to do.
 */
export function createExpireUnseen(
  store: Pick<Store, 'expireUnseen'>,
  receipts: Pick<ReceiptFeed, 'put'>,
): () => Promise<boolean> {
  return async () => {
    const { changes, more } = await store.expireUnseen(GRACE_MS, STEP);
    putRealtimeReceipts(receipts, changes);
    return more;
  };
}
