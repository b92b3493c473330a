import type { Receipt } from '@belfry/protocol/receipt';
import { pageClock } from './page-clock.ts';

export type ReceiptFeedEvents = {
  /** Live from now on; what happened before, or while it was away, is in the ledger. */
  onOpen(): void;
  onReceipts(receipts: readonly Receipt[]): void;
  onLost(): void;
};

const REOPEN_MS = 1_000;

/** Follows what happens, for as long as the page is open. An `EventSource` gives up when the answer is an error, as while the server starts: this does not. */
export function followReceipts(events: ReceiptFeedEvents): void {
  const source = new EventSource('/console/api/timeline');
  source.onopen = () => events.onOpen();
  source.addEventListener('receipts', (event) => events.onReceipts(JSON.parse(event.data)));
  source.addEventListener('gap', () => events.onOpen());
  source.onerror = () => {
    events.onLost();
    if (source.readyState !== EventSource.CLOSED) return;
    pageClock.after(REOPEN_MS, () => followReceipts(events));
  };
}
