import { find } from './dom.ts';
import { overallState, toneOf } from './ledger.ts';
import type { NotificationCard } from './notification-card.ts';
import { pageClock } from './page-clock.ts';

export type CardList = {
  get(id: string): NotificationCard | undefined;
  all(): readonly NotificationCard[];
  /** On top for now; `settle` finds its place once it is known when it was accepted. */
  add(card: NotificationCard): void;
  /** Opens this one, and closes the one that was opened like this before, unless there is still something to see. */
  open(card: NotificationCard): void;
  /** Closes it if it was opened by `open`. */
  close(card: NotificationCard): void;
  /** After the ledger of a card was read: puts it in order and lets go of the oldest. */
  settle(card: NotificationCard): void;
  remove(card: NotificationCard): void;
  /** Nothing was added a moment ago. */
  isQuiet(): boolean;
  /** Ids of the cards that were there before the page was loaded again, oldest first. */
  remembered(): readonly string[];
};

const CARDS_MAX = 60;
/** Under load there are more for a moment, until it is known which are the newest. */
const CARDS_HELD_MAX = 160;
const QUIET_MS = 1_000;
const STORAGE_KEY = 'belfry-console:cards';

/** The cards of the newest notifications, newest first. */
export function createCardList(): CardList {
  const list = find('cards', HTMLElement);
  const empty = find('cards-empty', HTMLElement);
  const cards = new Map<string, NotificationCard>();
  let opened: NotificationCard | undefined;
  let addedMs = Number.NEGATIVE_INFINITY;

  const inOrder = (): readonly NotificationCard[] =>
    [...list.children].flatMap((element) => cards.get(element.getAttribute('data-id') ?? '') ?? []);

  const remove = (card: NotificationCard): void => {
    card.element.remove();
    cards.delete(card.id);
    empty.hidden = cards.size > 0;
    remember();
  };
  const trim = (max: number): void => {
    const oldest = cards.size > max ? inOrder().at(-1) : undefined;
    if (oldest !== undefined) remove(oldest);
  };
  const remember = (): void => {
    const ids = inOrder().map(({ id }) => id);
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify(ids.slice(0, CARDS_MAX).toReversed()));
  };

  return {
    get: (id) => cards.get(id),
    all: () => [...cards.values()],
    add(card) {
      cards.set(card.id, card);
      list.prepend(card.element);
      empty.hidden = true;
      addedMs = pageClock.nowMs();
      trim(CARDS_HELD_MAX);
    },
    open(card) {
      const before = opened?.ledger();
      if (before !== undefined && toneOf(overallState(before)) === 'good') opened?.element.removeAttribute('open');
      card.element.setAttribute('open', '');
      opened = card;
    },
    close(card) {
      if (opened === card) card.element.removeAttribute('open');
    },
    settle(card) {
      const at = acceptedAt(card);
      const younger = inOrder().filter((other) => other !== card && acceptedAt(other) > at);
      const last = younger.at(-1)?.element;
      // Moving an element takes the focus out of it, so it is done only where the order is wrong.
      if (last !== undefined && last.compareDocumentPosition(card.element) & Node.DOCUMENT_POSITION_PRECEDING) {
        last.after(card.element);
      }
      trim(CARDS_MAX);
      remember();
    },
    remove,
    isQuiet: () => pageClock.nowMs() - addedMs > QUIET_MS,
    remembered() {
      const value: unknown = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? '[]');
      return Array.isArray(value) ? value.filter((id) => typeof id === 'string') : [];
    },
  };
}

/** Milliseconds since the Unix epoch; one that nothing is known of yet is no reason to move another. */
function acceptedAt(card: NotificationCard): number {
  const ledger = card.ledger();
  return ledger === undefined ? Number.NEGATIVE_INFINITY : Date.parse(ledger.acceptedAt);
}
