import type { Receipt } from '@belfry/protocol/receipt';
import { call } from './api.ts';
import { pageClock } from './page-clock.ts';

export type ReceiptFeedEvents = {
  /** Live from now on; what happened before, or while it was away, is in the ledger. */
  onOpen(): void;
  onReceipts(receipts: readonly Receipt[]): void;
  /** `ended`: the session is over, and only loading the page again helps. */
  onLost(why: 'away' | 'ended'): void;
};

const REOPEN_MS = 1_000;

/** Follows what happens, for as long as the page is open. An `EventSource` gives up when the answer is an error, as while the server starts: this does not. */
export function followReceipts(events: ReceiptFeedEvents): void {
  const source = new EventSource('/console/api/timeline');
  source.onopen = () => events.onOpen();
  source.addEventListener('receipts', (event) => events.onReceipts(JSON.parse(event.data)));
  source.addEventListener('gap', () => events.onOpen());
  source.onerror = () => {
    events.onLost('away');
    if (source.readyState === EventSource.CLOSED) pageClock.after(REOPEN_MS, () => void reopen(events));
  };
}

async function reopen(events: ReceiptFeedEvents): Promise<void> {
  // An `EventSource` does not tell what the answer was.
  const answer = await call('GET', '/v1/dead-letters/groups');
  if (!answer.ok && answer.problem.status === 401) events.onLost('ended');
  else followReceipts(events);
}
