import { createCountdown } from './countdown.ts';
import { create } from './dom.ts';
import { channelName, formatDuration } from './format.ts';
import {
  explainState,
  type LedgerAttempt,
  type LedgerDelivery,
  realtimeSteps,
  type Step,
  shortDevice,
  type Tone,
  toneOf,
} from './ledger.ts';

const OUTCOME_TONES: Readonly<Record<string, Tone>> = { delivered: 'good', retry: 'warn', unknown: 'warn' };

export function createChip(state: string): HTMLElement {
  return create('span', { class: 'chip', 'data-tone': toneOf(state) }, state);
}

export type DeliveryViewOptions = {
  readonly acceptedMs: number;
  /** Where a notification has several recipients. */
  readonly withRecipient: boolean;
  /** States of which the receipts came by. */
  readonly seen: readonly Step[];
};

/** One delivery: where it goes, how it stands, every attempt or step, and when the next attempt is due. */
export function createDeliveryView(delivery: LedgerDelivery, options: DeliveryViewOptions): HTMLElement {
  const { channel, status, reason, attempts, nextAttemptAt } = delivery;
  const { acceptedMs } = options;
  const last = attempts.at(-1);
  const where = [shortDevice(delivery.device), last?.host ?? ''].filter((part) => part !== '').join(' ');
  const steps: readonly Step[] =
    channel === 'realtime'
      ? realtimeSteps(delivery, options.seen)
      : [{ state: status, atMs: Date.parse(delivery.updatedAt) }];
  return create(
    'section',
    { class: 'delivery', 'data-channel': channel, 'data-status': status },
    create(
      'header',
      {},
      create('strong', {}, channelName(channel)),
      options.withRecipient ? create('span', { class: 'faint' }, delivery.recipient) : undefined,
      where === '' ? undefined : create('span', { class: 'faint host' }, where),
      createChip(status),
    ),
    create(
      'ol',
      { class: 'attempts' },
      ...attempts.map((attempt) => createAttempt(attempt, acceptedMs)),
      ...steps
        .map(({ state, atMs }) => ({ state, atMs, text: explainState(channel, state, reason) }))
        .filter(({ text }) => text !== '')
        .map(({ state, atMs, text }) =>
          create(
            'li',
            { 'data-tone': toneOf(state), 'data-state': state },
            createWhen(atMs - acceptedMs),
            create('span', {}, text),
          ),
        ),
    ),
    status === 'retrying' && nextAttemptAt !== undefined
      ? createCountdown(Date.parse(nextAttemptAt), Date.parse(last?.at ?? delivery.updatedAt))
      : undefined,
  );
}

/** How long after the acceptance. */
export function createWhen(afterMs: number): HTMLElement {
  return create('span', { class: 'when' }, `+${formatDuration(afterMs)}`);
}

function createAttempt(attempt: LedgerAttempt, acceptedMs: number): HTMLElement {
  const tone = OUTCOME_TONES[attempt.outcome] ?? 'bad';
  return create(
    'li',
    { 'data-tone': tone, 'data-outcome': attempt.outcome },
    createWhen(Date.parse(attempt.at) - acceptedMs),
    create(
      'span',
      {},
      attempt.redrive > 0 ? `redrive ${attempt.redrive}, attempt ${attempt.number}` : `attempt ${attempt.number}`,
    ),
    create('code', {}, attempt.code),
    create(
      'span',
      { class: 'faint reason' },
      [attempt.reason, `took ${formatDuration(attempt.durationMs)}`].filter((part) => part !== '').join(', '),
    ),
  );
}
