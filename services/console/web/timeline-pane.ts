import type { Receipt } from '@belfry/protocol/receipt';
import { call, describeProblem } from './api.ts';
import { createCardList } from './card-list.ts';
import { describeSkipped } from './dead-letters-view.ts';
import { find } from './dom.ts';
import { isSettled, type Ledger } from './ledger.ts';
import { type CardActions, createNotificationCard } from './notification-card.ts';
import { createRefreshQueue } from './refresh-queue.ts';

export type TimelinePane = {
  /** A notification that was sent from here: its card is there at once. */
  add(id: string, options: { readonly open: boolean }): void;
  onReceipts(receipts: readonly Receipt[]): void;
  /** Something may have been missed: reads again what can still change. */
  refresh(): void;
};

const DELIVERIES_SHOWN = 20;
/** States that only a notification that has just come has. */
const BEGINNINGS: readonly string[] = ['accepted', 'routed', 'stored', 'queued'];
/** Of one batch of receipts: more would not stay in the list. */
const ADDED_AT_ONCE_MAX = 60;

/** The newest notifications. Receipts say that something happened; what happened is read from the ledger, so a card never shows more than is true. */
export function createTimelinePane(): TimelinePane {
  const cards = createCardList();

  const queue = createRefreshQueue(async (id) => {
    const card = cards.get(id);
    if (card === undefined) return;
    const answer = await call<Ledger>('GET', `${pathOf(id)}?limit=${DELIVERIES_SHOWN}`);
    if (cards.get(id) !== card) return;
    if (answer.ok) {
      card.show(answer.value);
      cards.settle(card);
    } else if (answer.problem.status === 404) {
      cards.remove(card);
    }
  });

  const actions: CardActions = {
    async cancel(id) {
      type Cancelled = { readonly cancelled: number; readonly alreadySent: number };
      const answer = await call<Cancelled>('DELETE', pathOf(id));
      const text = answer.ok
        ? `${answer.value.cancelled} cancelled, ${answer.value.alreadySent} sent already`
        : describeProblem(answer.problem);
      cards.get(id)?.say(text);
      queue.add(id);
    },
    async redrive(id) {
      type Redriven = { readonly redriven: number; readonly skippedReasons: Readonly<Record<string, number>> };
      const filter = { notificationId: id, state: 'open' };
      const answer = await call<Redriven>('POST', '/v1/dead-letters/redrive', { filter });
      const text = answer.ok
        ? [`${answer.value.redriven} redriven`, ...describeSkipped(answer.value.skippedReasons)].join(', ')
        : describeProblem(answer.problem);
      cards.get(id)?.say(text);
      queue.add(id);
    },
  };

  const add = (id: string, open: boolean): void => {
    const known = cards.get(id);
    const card = known ?? createNotificationCard(id, actions);
    if (known === undefined) cards.add(card);
    if (known === undefined && open) cards.open(card);
    queue.add(id);
  };

  find('cards-clear', HTMLButtonElement).addEventListener('click', () => {
    for (const card of cards.all()) cards.remove(card);
  });
  for (const id of cards.remembered()) add(id, false);

  return {
    add(id, { open }) {
      add(id, false);
      const card = cards.get(id);
      if (card === undefined) return;
      // Its receipts may have been here before the answer to its sending, and have made it look like somebody else's.
      if (open) cards.open(card);
      else cards.close(card);
    },
    onReceipts(receipts) {
      const ids = [...new Set(receipts.map(({ notificationId }) => notificationId))];
      const alone = ids.length === 1 && cards.isQuiet() && receipts.some(({ state }) => BEGINNINGS.includes(state));
      for (const id of ids.slice(-ADDED_AT_ONCE_MAX)) add(id, alone);
      for (const receipt of receipts) cards.get(receipt.notificationId)?.note(receipt);
    },
    refresh() {
      for (const card of cards.all()) {
        const ledger = card.ledger();
        if (ledger === undefined || !isSettled(ledger)) queue.add(card.id);
      }
    },
  };
}

function pathOf(id: string): string {
  return `/v1/notifications/${encodeURIComponent(id)}`;
}
