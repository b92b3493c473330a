import type { DeliveryId } from './delivery.ts';
import type { Device, DeviceAddress } from './device.ts';
import type { Notification, PushChannel, UserId } from './notification.ts';
import type { Outcome } from './outcome.ts';

/**
 * Channel: one way to push to a device. Adding a channel is adding one folder that implements this port.
 *
 * `deliver` makes exactly one attempt and says what it came to. It never retries, never waits for a provider's Retry-After,
 * never touches the store. When `signal` aborts it returns as soon as it can: `unknown` if any byte of the request may have reached
 * the provider, `retry` if certainly none did. It rejects only for bugs; the runtime counts a rejection as `unknown`.
 *
 * The caller has validated the device with `validateDevice` when it was saved; `deliver` checks again whatever may have changed
 * since (the host's address, for one).
 */
export type PushChannelAdapter = {
  readonly channel: PushChannel;
  readonly limits: ChannelLimits;
  deliver(delivery: PushDelivery, signal: AbortSignal): Promise<AttemptResult>;
  validateDevice(input: unknown): Promise<DeviceValidation>;
  /** The host whose health a breaker watches for this device: what `AttemptResult.host` will be, known before the attempt. */
  hostOf(address: Device): string;
  close(): Promise<void>;
};

export type ChannelLimits = {
  /** Largest payload in bytes that the provider takes, before encryption. */
  readonly maxPayloadBytes: number;
  /** Longest time to live that the provider keeps, in seconds. */
  readonly maxTtlSeconds: number;
  /** Hard deadline of one attempt, in milliseconds. */
  readonly attemptTimeoutMs: number;
  /** The provider wants no retry sooner than this many milliseconds after an attempt, whatever came of it; 0 where it leaves that to us. */
  readonly minRetryWaitMs: number;
};

export type PushDelivery = {
  readonly deliveryId: DeliveryId;
  readonly recipient: UserId;
  readonly notification: Notification;
  readonly device: Device;
  readonly attempt: number;
  /** Milliseconds left until the deadline when the attempt starts; > 0. The provider is told no more than this. */
  readonly remainingMs: number;
};

export type AttemptResult = { readonly outcome: Outcome; readonly host: string };

export type DeviceValidation =
  | { readonly ok: true; readonly address: DeviceAddress }
  /** `field` is a JSON pointer into the input, `detail` names the limit that was broken. */
  | { readonly ok: false; readonly field: string; readonly detail: string };
