import { createECDH, ECDH, randomBytes } from 'node:crypto';
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

const CURVE = 'prime256v1';
const PRIVATE_KEY_BYTES = 32;
const AUTH_BYTES = 16;
const COMPRESSED_KEY_BYTES = 33;

/** Does what `pushManager.subscribe({ applicationServerKey })` does: a new key pair and auth secret, bound to the server's key. */
export function createSubscription(applicationServerKey: string): Subscription {
  const curve = createECDH(CURVE);
  curve.generateKeys();
  // A private key with leading zeros comes out short.
  const privateKey = Buffer.concat([Buffer.alloc(PRIVATE_KEY_BYTES), curve.getPrivateKey()]).subarray(
    -PRIVATE_KEY_BYTES,
  );
  const serverKey = ECDH.convertKey(applicationServerKey, CURVE, 'base64url', undefined, 'compressed') as Buffer;
  return fromParts(privateKey, randomBytes(AUTH_BYTES), serverKey);
}

/**
 * The subscription behind an id that another run of the simulator gave out; undefined when it is none. The id holds all that is to know, so that devices
 * which a store remembers still work after a restart.
 */
export function restoreSubscription(id: string): Subscription | undefined {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.length !== PRIVATE_KEY_BYTES + AUTH_BYTES + COMPRESSED_KEY_BYTES || bytes.toString('base64url') !== id) {
    return undefined;
  }
  const authFrom = PRIVATE_KEY_BYTES;
  const serverKeyFrom = PRIVATE_KEY_BYTES + AUTH_BYTES;
  try {
    return fromParts(
      bytes.subarray(0, authFrom),
      bytes.subarray(authFrom, serverKeyFrom),
      bytes.subarray(serverKeyFrom),
    );
  } catch {
    // Not a point of the curve, or a private key out of range.
    return undefined;
  }
}

function fromParts(privateKey: Buffer, authSecret: Buffer, serverKey: Buffer): Subscription {
  const curve = createECDH(CURVE);
  curve.setPrivateKey(privateKey);
  const applicationServerKey = ECDH.convertKey(serverKey, CURVE, undefined, 'base64url', 'uncompressed') as string;
  return {
    id: Buffer.concat([privateKey, authSecret, serverKey]).toString('base64url'),
    applicationServerKey,
    secrets: { privateKey, publicKey: curve.getPublicKey(), authSecret },
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
