import { createECDH, createHash } from 'node:crypto';
import webpush from 'web-push';

/** One VAPID key pair (RFC 8292): P-256. A subscription is bound to the public key that it was made with. */
export type VapidKey = {
  /** Kept with each subscription: which key signs for it. Derived from the public key by default. */
  readonly id: string;
  /** Uncompressed point, 65 bytes, base64url: what a page passes as `applicationServerKey`. */
  readonly publicKey: string;
  /** 32 bytes, base64url. Secret: never logged, never sent. */
  readonly privateKey: string;
};

export type VapidKeyRing = {
  /** The key that new subscriptions are made with. */
  readonly current: VapidKey;
  find(id: unknown): VapidKey | undefined;
  findPublic(publicKey: unknown): VapidKey | undefined;
};

export type VapidKeyParsing =
  | { readonly ok: true; readonly key: VapidKey }
  /** `field` is a JSON pointer into the input. */
  | { readonly ok: false; readonly field: string; readonly detail: string };

export function generateVapidKey(): VapidKey {
  const { publicKey, privateKey } = webpush.generateVAPIDKeys();
  return { id: vapidKeyId(publicKey), publicKey, privateKey };
}

/** 12 characters that follow from the public key, so that the same key has the same id wherever it is configured. */
export function vapidKeyId(publicKey: string): string {
  return createHash('sha256').update(publicKey).digest('base64url').slice(0, 12);
}

/** A key from configuration: `{ publicKey, privateKey, id? }`. Errors never repeat the private key. */
export function parseVapidKey(input: unknown): VapidKeyParsing {
  if (typeof input !== 'object' || input === null) return bad('', 'must be an object with publicKey and privateKey');
  const { id, publicKey, privateKey } = input as Readonly<Record<string, unknown>>;
  if (typeof publicKey !== 'string' || !/^[A-Za-z0-9_-]{87}$/.test(publicKey)) {
    return bad('/publicKey', 'must be 65 bytes in base64url without padding');
  }
  if (typeof privateKey !== 'string' || !/^[A-Za-z0-9_-]{43}$/.test(privateKey)) {
    return bad('/privateKey', 'must be 32 bytes in base64url without padding');
  }
  if (publicKeyOf(privateKey) !== publicKey) return bad('/privateKey', 'does not belong to publicKey');
  if (id !== undefined && (typeof id !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(id))) {
    return bad('/id', 'must be 1 to 64 characters of A-Z a-z 0-9 _ -');
  }
  return { ok: true, key: { id: id ?? vapidKeyId(publicKey), publicKey, privateKey } };
}

/**
 * Several keys may be active at once: the first signs for new subscriptions, the others for those made with them, until their browsers have
 * subscribed again. Throws when `keys` is empty or two share an id.
 */
export function createVapidKeyRing(keys: readonly VapidKey[]): VapidKeyRing {
  const [current] = keys;
  if (!current) throw new TypeError('at least one VAPID key is needed');
  const byId = new Map(keys.map((key) => [key.id, key]));
  if (byId.size !== keys.length) throw new TypeError('VAPID key ids must differ');
  return {
    current,
    find: (id) => (typeof id === 'string' ? byId.get(id) : undefined),
    findPublic: (publicKey) => keys.find((key) => key.publicKey === publicKey),
  };
}

function publicKeyOf(privateKey: string): string | undefined {
  const curve = createECDH('prime256v1');
  try {
    curve.setPrivateKey(privateKey, 'base64url');
    return curve.getPublicKey('base64url');
  } catch {
    return undefined;
  }
}

function bad(field: string, detail: string): VapidKeyParsing {
  return { ok: false, field, detail };
}
