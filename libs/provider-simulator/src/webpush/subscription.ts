import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import { isRecord } from '../parse-script.ts';
import type { SubscriptionSecrets } from './decrypt.ts';
import type { WebPushMessage } from './webpush-message.ts';

/** As `PushSubscription.toJSON()` gives it to a page. */
export type SubscriptionJson = {
  readonly endpoint: string;
  readonly expirationTime: null;
  readonly keys: { readonly p256dh: string; readonly auth: string };
};

/** A browser's side of one subscription, and what the service holds for it. */
export type Subscription = {
  readonly id: string;
  readonly applicationServerKey: string;
  readonly secrets: SubscriptionSecrets;
  removed: boolean;
  online: boolean;
  /** Accepted while the device was offline, each until its TTL ends. */
  readonly waiting: { readonly message: WebPushMessage; readonly untilMs: number }[];
};

/** Does what `pushManager.subscribe({ applicationServerKey })` does: a new key pair and auth secret, bound to the server's key. */
export function createSubscription(applicationServerKey: string): Subscription {
  const curve = createECDH('prime256v1');
  const publicKey = curve.generateKeys();
  // A private key with leading zeros comes out short.
  const privateKey = Buffer.concat([Buffer.alloc(32), curve.getPrivateKey()]).subarray(-32);
  return {
    id: randomUUID(),
    applicationServerKey,
    secrets: { privateKey, publicKey, authSecret: randomBytes(16) },
    removed: false,
    online: true,
    waiting: [],
  };
}

export function subscriptionJson(subscription: Subscription, endpoint: string): SubscriptionJson {
  return {
    endpoint,
    expirationTime: null,
    keys: {
      p256dh: subscription.secrets.publicKey.toString('base64url'),
      auth: subscription.secrets.authSecret.toString('base64url'),
    },
  };
}

/** The key of `{ applicationServerKey }`: 65 bytes, uncompressed, base64url as in `GET /v1/webpush/public-key`. */
export function parseApplicationServerKey(input: unknown): string | undefined {
  const key = isRecord(input) ? input.applicationServerKey : undefined;
  if (typeof key !== 'string' || !/^[A-Za-z0-9_-]{87}$/.test(key)) return undefined;
  return Buffer.from(key, 'base64url')[0] === 4 ? key : undefined;
}
