import type { DeliveryRef, DeliveryState, DeviceId } from '../delivery.ts';
import type { Device } from '../device.ts';
import type { Notification } from '../notification.ts';
import type { Attempt } from '../outcome.ts';

/** What the gate sees of a delivery before it is sent. */
export type GateEntry = {
  readonly state: DeliveryState;
  /** The attempt that is due next. */
  readonly attempt: number;
  readonly redrive: number;
  /** For a delivery that waits: milliseconds until its timer is due by the store's clock; ≤ 0 when due; undefined when it does not wait. */
  readonly dueInMs: number | undefined;
  readonly notification: Notification;
  /** undefined when the device was removed since. */
  readonly device: Device | undefined;
  readonly cancelled: boolean;
  /** The recipient confirmed the notification somewhere. */
  readonly acknowledged: boolean;
  /** A newer notification with the same collapse key stands later in the recipient's stream. */
  readonly superseded: boolean;
  /**
   * For a first attempt: milliseconds until the last of the earlier ones that are parked, to the same device over the same lane, is due by the store's clock; ≤ 0 when it is
   * on its way again; undefined when none is parked.
   */
  readonly earlierDueInMs: number | undefined;
};

export type SettlementNext =
  | { readonly kind: 'end'; readonly state: 'delivered' | 'expired' | 'superseded' | 'cancelled' | 'acknowledged' }
  | { readonly kind: 'retry'; readonly dueInMs: number }
  /** Waits without using up the attempt: the provider's breaker is open, the worker has no slot for it, or an earlier first attempt is parked. */
  | { readonly kind: 'park'; readonly dueInMs: number }
  | { readonly kind: 'dead-letter'; readonly reason: string; readonly fingerprint: string };

export type Settlement = {
  readonly ref: DeliveryRef;
  /** Absent when nothing was tried: expired, superseded, cancelled or acknowledged at the gate, or parked. */
  readonly attempt?: Attempt;
  readonly next: SettlementNext;
  readonly reason: string;
  /** `gone`: remove exactly this version of the device. */
  readonly removeDevice?: { readonly deviceId: DeviceId; readonly version: number };
};

export type GateStore = {
  /** One batched read. undefined where there is no such delivery. */
  readGate(refs: readonly DeliveryRef[]): Promise<readonly (GateEntry | undefined)[]>;
  /**
   * The compare-and-set after a send: applies a settlement only `where attempt = ref.attempt and redrive = ref.redrive and the state is not terminal`, and in the same
   * transaction writes the attempt row, the next timer or the dead letter, and removes the device. A retry sets attempt + 1. False means that somebody else settled it:
   * drop the result. A retry of a delivery that was cancelled or acknowledged meanwhile ends it as that instead of waiting.
   */
  settle(settlements: readonly Settlement[]): Promise<readonly boolean[]>;
};
