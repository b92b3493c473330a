import type { Receipt } from '@belfry/protocol/receipt';
import { call, describeProblem } from './api.ts';
import { describeSkipped } from './dead-letters-view.ts';
import { find } from './dom.ts';
import { isSettled, type Ledger, overallState, toneOf } from './ledger.ts';
import { createNotificationCard, type NotificationCard } from './notification-card.ts';
import { createRefreshQueue } from './refresh-queue.ts';

export type TimelinePane = {
  /** A notification that was sent from here: its card is there at once. */
  add(id: string, options: { readonly open: boolean }): void;
  onReceipts(receipts: readonly Receipt[]): void;
  /** Something may have been missed: reads again what can still change. */
  refresh(): void;
};

const CARDS_MAX = 60;
const DELIVERIES_SHOWN = 20;
const STORAGE_KEY = 'belfry-console:cards';

/** The newest notifications. Receipts say that something happened; what happened is read from the ledger, so a card never shows more than is true. */
export function createTimelinePane(): TimelinePane {
  const list = find('cards', HTMLElement);
  const empty = find('cards-empty', HTMLElement);
  const cards = new Map<string, NotificationCard>();

  let opened: NotificationCard | undefined;

  const queue = createRefreshQueue(async (id) => {
    const card = cards.get(id);
    if (card === undefined) return;
    const path = `/v1/notifications/${encodeURIComponent(id)}?limit=${DELIVERIES_SHOWN}`;
    const answer = await call<Ledger>('GET', path);
    if (answer.ok) card.show(answer.value);
    else if (answer.problem.status === 404) remove(card);
  });

  const remember = (): void => sessionStorage.setItem(STORAGE_KEY, JSON.stringify([...cards.keys()]));

  const remove = (card: NotificationCard): void => {
    card.element.remove();
    cards.delete(card.id);
    empty.hidden = cards.size > 0;
    remember();
  };

  const actions = {
    async cancel(id: string): Promise<void> {
      type Cancelled = { readonly cancelled: number; readonly alreadySent: number };
      const answer = await call<Cancelled>('DELETE', `/v1/notifications/${encodeURIComponent(id)}`);
      cards
        .get(id)
        ?.say(
          answer.ok
            ? `${answer.value.cancelled} cancelled, ${answer.value.alreadySent} sent already`
            : describeProblem(answer.problem),
        );
      queue.add(id);
    },
    async redrive(id: string): Promise<void> {
      type Redriven = { readonly redriven: number; readonly skippedReasons: Readonly<Record<string, number>> };
      const filter = { notificationId: id, state: 'open' };
      const answer = await call<Redriven>('POST', '/v1/dead-letters/redrive', { filter });
      cards
        .get(id)
        ?.say(
          answer.ok
            ? [`${answer.value.redriven} redriven`, ...describeSkipped(answer.value.skippedReasons)].join(', ')
            : describeProblem(answer.problem),
        );
      queue.add(id);
    },
  };

  const add = (id: string, { open }: { readonly open: boolean }): void => {
    if (!cards.has(id)) {
      const card = createNotificationCard(id, actions, open);
      cards.set(id, card);
      if (open) {
        const before = opened?.ledger();
        // The story of the one before is told: room for the new one.
        if (before !== undefined && toneOf(overallState(before)) === 'good') opened?.element.removeAttribute('open');
        opened = card;
      }
      list.prepend(card.element);
      const [oldest] = cards.values();
      if (cards.size > CARDS_MAX && oldest !== undefined) remove(oldest);
      empty.hidden = true;
      remember();
    }
    queue.add(id);
  };

  find('cards-clear', HTMLButtonElement).addEventListener('click', () => {
    for (const card of [...cards.values()]) remove(card);
  });
  for (const id of remembered()) add(id, { open: false });

  return {
    add,
    onReceipts(receipts) {
      const alone = new Set(receipts.map(({ notificationId }) => notificationId)).size === 1;
      for (const { notificationId } of receipts) add(notificationId, { open: alone });
    },
    refresh() {
      for (const card of cards.values()) {
        const ledger = card.ledger();
        if (ledger === undefined || !isSettled(ledger)) queue.add(card.id);
      }
    },
  };
}

function remembered(): readonly string[] {
  const value: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]');
  return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
}
