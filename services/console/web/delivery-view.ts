import { createCountdown } from './countdown.ts';
import { create } from './dom.ts';
import { channelName, formatDuration } from './format.ts';
import { explainState, type LedgerAttempt, type LedgerDelivery, shortDevice, type Tone, toneOf } from './ledger.ts';

const OUTCOME_TONES: Readonly<Record<string, Tone>> = { delivered: 'good', retry: 'warn', unknown: 'warn' };

export function createChip(state: string): HTMLElement {
  return create('span', { class: 'chip', 'data-tone': toneOf(state) }, state);
}

/** One delivery: where it goes, how it stands, every attempt, and when the next one is due. */
export function createDeliveryView(delivery: LedgerDelivery, acceptedMs: number, withRecipient: boolean): HTMLElement {
  const { channel, status, attempts, nextAttemptAt } = delivery;
  const last = attempts.at(-1);
  const where = [shortDevice(delivery.device), last?.host ?? ''].filter((part) => part !== '').join(' ');
  const explanation = explainState(delivery);
  return create(
    'section',
    { class: 'delivery', 'data-channel': channel, 'data-status': status },
    create(
      'header',
      {},
      create('strong', {}, channelName(channel)),
      withRecipient ? create('span', { class: 'faint' }, delivery.recipient) : undefined,
      where === '' ? undefined : create('span', { class: 'faint host' }, where),
      createChip(status),
    ),
    attempts.length === 0
      ? undefined
      : create('ol', { class: 'attempts' }, ...attempts.map((attempt) => createAttempt(attempt, acceptedMs))),
    explanation === '' ? undefined : create('p', { class: 'faint' }, explanation),
    status === 'retrying' && nextAttemptAt !== undefined
      ? createCountdown(Date.parse(nextAttemptAt), Date.parse(last?.at ?? delivery.updatedAt))
      : undefined,
  );
}

function createAttempt(attempt: LedgerAttempt, acceptedMs: number): HTMLElement {
  const tone = OUTCOME_TONES[attempt.outcome] ?? 'bad';
  return create(
    'li',
    { 'data-tone': tone, 'data-outcome': attempt.outcome },
    create('span', { class: 'when' }, `+${formatDuration(Date.parse(attempt.at) - acceptedMs)}`),
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
