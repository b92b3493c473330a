import type { Receipt } from '@belfry/protocol/receipt';
import { createCountdown } from './countdown.ts';
import { createChip, createDeliveryView, createWhen } from './delivery-view.ts';
import { button, create, whileBusy } from './dom.ts';
import { channelName, count, formatTime } from './format.ts';
import { hasDeadLetters, inOrder, isCancellable, type Ledger, nextDueMs, overallState, type Step } from './ledger.ts';

export type CardActions = {
  cancel(id: string): Promise<void>;
  redrive(id: string): Promise<void>;
};

export type NotificationCard = {
  readonly id: string;
  readonly element: HTMLElement;
  ledger(): Ledger | undefined;
  show(ledger: Ledger): void;
  /** Keeps when a realtime delivery came to a state, which the ledger knows of the last one only. */
  note(receipt: Receipt): void;
  say(text: string): void;
};

/** A notification's line, and its whole story when opened. The element stays over updates, and with it what is open and has the focus. */
export function createNotificationCard(id: string, actions: CardActions): NotificationCard {
  let current: Ledger | undefined;
  const seen = new Map<string, Step[]>();
  const summary = create('summary', {}, create('span', { class: 'faint' }, 'accepted'));
  const story = create('div', { class: 'story' });
  const cancel = button('Cancel', 'quiet', () => void whileBusy(cancel, () => actions.cancel(id)));
  const redrive = button('Redrive', 'quiet', () => void whileBusy(redrive, () => actions.redrive(id)));
  const note = create('span', { class: 'note', role: 'status' });
  cancel.hidden = true;
  redrive.hidden = true;
  const footer = create('footer', {}, create('code', { class: 'id' }, id), note, cancel, redrive);
  const element = create('details', { class: 'card', 'data-id': id }, summary, story, footer);

  return {
    id,
    element,
    ledger: () => current,
    show(ledger) {
      current = ledger;
      const state = overallState(ledger);
      element.dataset.status = state;
      summary.replaceChildren(...summaryOf(ledger, state));
      story.replaceChildren(...storyOf(ledger, seen));
      cancel.hidden = !isCancellable(ledger);
      redrive.hidden = !hasDeadLetters(ledger);
    },
    note({ channel, deliveryId, state, atMs }) {
      if (channel !== 'realtime' || deliveryId === undefined) return;
      seen.set(deliveryId, [...(seen.get(deliveryId) ?? []), { state, atMs }]);
    },
    say(text) {
      note.textContent = text;
    },
  };
}

function summaryOf(ledger: Ledger, state: string): HTMLElement[] {
  const recipients = [...new Set(ledger.deliveries.map(({ recipient }) => recipient))];
  const to = recipients.length === 1 && ledger.next === undefined ? recipients[0] : 'several users';
  const dueMs = nextDueMs(ledger);
  return [
    create(
      'span',
      { class: 'headline' },
      create('strong', {}, ledger.title),
      create(
        'span',
        { class: 'faint' },
        [...(ledger.deliveries.length === 0 ? [] : [`to ${to}`]), formatTime(Date.parse(ledger.acceptedAt))].join(
          ' · ',
        ),
      ),
    ),
    ...(dueMs === undefined ? [] : [createCountdown(dueMs, dueMs)]),
    createChip(state),
  ];
}

function storyOf(ledger: Ledger, seen: ReadonlyMap<string, readonly Step[]>): HTMLElement[] {
  const acceptedMs = Date.parse(ledger.acceptedAt);
  const deliveries = inOrder(ledger.deliveries);
  const first = deliveries[0];
  const isForMany = ledger.next !== undefined || deliveries.some(({ recipient }) => recipient !== first?.recipient);
  const more = ledger.next === undefined ? [] : [create('p', { class: 'faint' }, 'Further deliveries are in the API.')];
  const routed =
    first === undefined
      ? []
      : [
          create(
            'li',
            { 'data-tone': 'good' },
            createWhen(Date.parse(first.createdAt) - acceptedMs),
            create('span', {}, `routed: ${describeRouting(deliveries)}`),
          ),
        ];
  return [
    create(
      'ol',
      { class: 'attempts steps' },
      create(
        'li',
        { 'data-tone': 'good' },
        create('span', { class: 'when' }, formatTime(acceptedMs)),
        create('span', {}, `accepted: ${ledger.type}, ${ledger.priority} priority`),
      ),
      ...routed,
    ),
    create(
      'div',
      { class: 'deliveries', hidden: first === undefined },
      ...deliveries.map((delivery) =>
        createDeliveryView(delivery, { acceptedMs, withRecipient: isForMany, seen: seen.get(delivery.id) ?? [] }),
      ),
    ),
    ...more,
  ];
}

function describeRouting(all: Ledger['deliveries']): string {
  const deliveries = all.filter(({ status }) => status !== 'skipped');
  if (deliveries.length === 0) return 'to nowhere';
  const channels = [...new Set(deliveries.map(({ channel }) => channel))];
  return channels
    .map((channel) => {
      const devices = deliveries.filter((delivery) => delivery.channel === channel).length;
      return channel === 'realtime' ? channelName(channel) : `${channelName(channel)} (${count(devices, 'device')})`;
    })
    .join(', ');
}
