/** The parts of `GET /v1/notifications/{id}` that the page shows. */
export type Ledger = {
  readonly id: string;
  readonly status: string;
  readonly type: string;
  readonly title: string;
  readonly priority: string;
  readonly acceptedAt: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly deliveries: readonly LedgerDelivery[];
  readonly next?: string;
};

export type LedgerDelivery = {
  readonly id: string;
  readonly recipient: string;
  readonly channel: string;
  readonly device: string;
  readonly status: string;
  readonly reason?: string;
  readonly redrive: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly nextAttemptAt?: string;
  readonly attempts: readonly LedgerAttempt[];
};

export type LedgerAttempt = {
  readonly at: string;
  readonly outcome: string;
  readonly code: string;
  readonly reason: string;
  readonly number: number;
  readonly redrive: number;
  readonly durationMs: number;
  readonly host: string;
};

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const TONES: Readonly<Record<string, Tone>> = {
  stored: 'busy',
  queued: 'busy',
  retrying: 'warn',
  sent: 'good',
  delivered: 'good',
  read: 'good',
  acknowledged: 'good',
  'dead-lettered': 'bad',
};

/** How a state looks. States that end without an arrival, which was wanted so, are quiet. */
export function toneOf(state: string): Tone {
  return TONES[state] ?? 'quiet';
}

/** What is still moving first, then what went wrong. */
const BY_INTEREST = [
  'retrying',
  'queued',
  'dead-lettered',
  'stored',
  'sent',
  'delivered',
  'acknowledged',
  'read',
  'expired',
  'superseded',
  'cancelled',
  'skipped',
];

/** One word for the whole notification: the most pressing state of its deliveries. */
export function overallState(ledger: Ledger): string {
  const present = BY_INTEREST.find((state) => (ledger.counts[state] ?? 0) > 0);
  return present ?? ledger.status;
}

/** States that cancelling still changes. */
const CANCELLABLE = ['queued', 'retrying', 'stored'];

export function isCancellable(ledger: Ledger): boolean {
  return ledger.status !== 'cancelled' && CANCELLABLE.some((state) => (ledger.counts[state] ?? 0) > 0);
}

export function hasDeadLetters(ledger: Ledger): boolean {
  return (ledger.counts['dead-lettered'] ?? 0) > 0;
}

/** True once nothing more can happen by itself. `delivered` may still be read. */
export function isSettled(ledger: Ledger): boolean {
  return (
    ledger.deliveries.length > 0 && ledger.deliveries.every(({ status }) => ['quiet', 'bad'].includes(toneOf(status)))
  );
}

/** When the next attempt of any delivery is due, in milliseconds since the Unix epoch. */
export function nextDueMs(ledger: Ledger): number | undefined {
  const due = ledger.deliveries
    .filter(({ status }) => status === 'retrying')
    .map(({ nextAttemptAt }) => (nextAttemptAt === undefined ? Number.NaN : Date.parse(nextAttemptAt)))
    .filter((at) => !Number.isNaN(at));
  return due.length === 0 ? undefined : Math.min(...due);
}

/** Enough of a device's id to tell it from the user's others. */
export function shortDevice(id: string): string {
  return id === '' ? '' : `#${id.slice(0, 6)}`;
}

const CHANNEL_ORDER: readonly string[] = ['realtime', 'webpush', 'fcm'];

/** As they are shown: by recipient, then by channel. */
export function inOrder(deliveries: readonly LedgerDelivery[]): readonly LedgerDelivery[] {
  const rank = ({ channel }: LedgerDelivery): number => CHANNEL_ORDER.indexOf(channel);
  return deliveries.toSorted((a, b) => a.recipient.localeCompare(b.recipient) || rank(a) - rank(b));
}

/** A state of a realtime delivery, and when it came to it. */
export type Step = { readonly state: string; readonly atMs: number };

const REALTIME_STATES: readonly string[] = ['stored', 'sent', 'delivered', 'read'];

/**
 * The way of a realtime delivery up to where the ledger says it is. The ledger keeps the last step only; the ones before are those whose receipts came by
 * (`seen`), each once, the earliest.
 */
export function realtimeSteps({ status, updatedAt }: LedgerDelivery, seen: readonly Step[]): readonly Step[] {
  const end = REALTIME_STATES.indexOf(status);
  if (end < 0) return [{ state: status, atMs: Date.parse(updatedAt) }];
  return REALTIME_STATES.slice(0, end + 1).flatMap((state) => {
    const times = seen.filter((step) => step.state === state).map(({ atMs }) => atMs);
    if (times.length > 0) return [{ state, atMs: Math.min(...times) }];
    return state === status ? [{ state, atMs: Date.parse(updatedAt) }] : [];
  });
}

/** Why a delivery waits that was not tried. */
const WAITS: Readonly<Record<string, string>> = {
  'provider-unavailable': 'held back: the push service fails',
  'provider-busy': 'held back: the push service is slow',
  'behind-an-earlier': 'waits for an earlier one to the same device',
};

/** Why nothing goes over a channel. */
const SKIPS: Readonly<Record<string, string>> = {
  muted: 'nothing was sent: the recipient has switched this off',
  'no-device': 'nothing was sent: the recipient has no such device',
};

/** What a state means for somebody who has not read the glossary; '' where the attempts say it. */
export function explainState(channel: string, state: string, reason: string | undefined): string {
  if (channel === 'realtime') {
    if (state === 'stored') return 'stored in the inbox';
    if (state === 'sent') return 'written to a socket';
    if (state === 'delivered') return 'acknowledged by the client';
    if (state === 'read') return 'read';
  }
  if (state === 'skipped') return SKIPS[reason ?? ''] ?? '';
  if (state === 'queued') return 'waiting for the worker';
  if (state === 'retrying') return WAITS[reason ?? ''] ?? '';
  if (state === 'acknowledged') return 'no further attempt: the recipient confirmed it elsewhere';
  if (state === 'superseded') return 'no further attempt: a newer one with its collapse key took its place';
  if (state === 'cancelled') return 'cancelled: no further attempt';
  if (state === 'expired') return `its time to live ended${reason === undefined ? '' : `: ${reason}`}`;
  if (state === 'dead-lettered') return `no further attempt: ${reason ?? 'see above'}`;
  return '';
}
