import type { DeviceId } from './delivery.ts';
import type { PushChannel, TenantId, UserId } from './notification.ts';

export type WebPushAddress = {
  readonly endpoint: string;
  /** base64url, uncompressed P-256 point, 65 bytes. */
  readonly p256dh: string;
  /** base64url, 16 bytes. */
  readonly auth: string;
  /** The VAPID key that the subscription was made with. */
  readonly keyId: string;
};
export type FcmAddress = { readonly token: string };

/** One address on a push channel. A user has many. */
export type Device = {
  readonly tenant: TenantId;
  readonly id: DeviceId;
  readonly user: UserId;
  readonly createdAtMs: number;
  /**
   * Grows by one each time the address is registered anew or its keys change. `gone` removes only the version that was sent to, so a late 410
   * cannot kill a fresh registration.
   */
  readonly version: number;
} & DeviceAddress;

export type DeviceAddress =
  | { readonly channel: 'webpush'; readonly address: WebPushAddress }
  | { readonly channel: 'fcm'; readonly address: FcmAddress };

/** Host and port, never the path, which is a secret of the subscription. */
export function hostOfEndpoint({ endpoint }: Pick<WebPushAddress, 'endpoint'>): string {
  return URL.parse(endpoint)?.host ?? 'invalid';
}

/** Host and port of the push service that a device's address names; undefined where the channel has one for all. */
export function pushServiceOf(device: DeviceAddress): string | undefined {
  return device.channel === 'webpush' ? hostOfEndpoint(device.address) : undefined;
}

/** What may be shown of a device: no endpoint path, no token. */
export type DeviceSummary = {
  readonly id: DeviceId;
  readonly channel: PushChannel;
  readonly status: 'active';
  /** Host of the endpoint for Web Push, `fcm` for FCM. */
  readonly host: string;
  readonly createdAtMs: number;
};
