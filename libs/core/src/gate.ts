import type { DeliveryRef } from './delivery.ts';
import { isTerminal } from './delivery.ts';
import type { Device } from './device.ts';
import type { Notification } from './notification.ts';
import type { GateEntry } from './store/gate.ts';

/** What is sent, and to where. */
export type Sendable = {
  readonly notification: Notification;
  readonly device: Device;
  readonly remainingMs: number;
};

export type GateVerdict =
  | ({ readonly kind: 'send' } & Sendable)
  /** A first attempt behind one that is parked: parked too, and due after it. */
  | ({ readonly kind: 'park'; readonly dueInMs: number } & Sendable)
  /** A repeated or outdated record: somebody else settled, or will. Nothing to write. */
  | { readonly kind: 'drop'; readonly reason: 'unknown-delivery' | 'settled' | 'outdated' | 'early' }
  | {
      readonly kind: 'end';
      readonly state: 'expired' | 'superseded' | 'cancelled' | 'acknowledged';
      readonly reason: string;
    }
  | { readonly kind: 'dead-letter'; readonly reason: 'device-removed' };

/** Two that are due together are released in one append, in the order of their due times. */
const AFTER_EARLIER_MS = 10;
/** The earlier one is due: its record is on the log, or about to be. What is appended after this comes behind it. */
const AFTER_RELEASED_MS = 100;

/**
 * The gate: what makes a repeated record harmless. Pure; `entry` is what the store says now about the delivery that the record names.
 *
 * An acknowledgement stops what waits (retries, redrives), never a first attempt: those go out side by side on all channels, and a first attempt that
 * depended on how quick a browser tab was would be a coin toss.
 *
 * First attempts to one device keep their order: where an earlier one is parked, all that follow are parked behind it (design, decision 11). A retry has left the order.
 */
export function passGate(ref: DeliveryRef, entry: GateEntry | undefined, nowMs: number): GateVerdict {
  if (entry === undefined) return { kind: 'drop', reason: 'unknown-delivery' };
  if (isTerminal(entry.state)) return { kind: 'drop', reason: 'settled' };
  if (entry.attempt !== ref.attempt || entry.redrive !== ref.redrive) return { kind: 'drop', reason: 'outdated' };
  if (entry.dueInMs !== undefined && entry.dueInMs > 0) return { kind: 'drop', reason: 'early' };
  if (entry.cancelled) return { kind: 'end', state: 'cancelled', reason: 'cancelled-by-producer' };
  if (entry.acknowledged && (ref.attempt > 1 || ref.redrive > 0)) {
    return { kind: 'end', state: 'acknowledged', reason: 'acknowledged-elsewhere' };
  }
  if (entry.superseded) return { kind: 'end', state: 'superseded', reason: 'newer-with-same-collapse-key' };
  const remainingMs = entry.notification.expiresAtMs - nowMs;
  if (remainingMs <= 0) return { kind: 'end', state: 'expired', reason: 'deadline-passed' };
  if (entry.device === undefined) return { kind: 'dead-letter', reason: 'device-removed' };
  const sendable = { notification: entry.notification, device: entry.device, remainingMs };
  const { earlierDueInMs } = entry;
  if (earlierDueInMs === undefined || ref.attempt > 1 || ref.redrive > 0) return { kind: 'send', ...sendable };
  return {
    kind: 'park',
    dueInMs: earlierDueInMs > 0 ? earlierDueInMs + AFTER_EARLIER_MS : AFTER_RELEASED_MS,
    ...sendable,
  };
}
