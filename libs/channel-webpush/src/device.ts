import { ECDH } from 'node:crypto';
import type { DeviceValidation } from '@belfry/core/channel';
import type { WebPushAddress } from '@belfry/core/device';
import type { VapidKeyRing } from './vapid-keys.ts';

export type SubscriptionParsing =
  | { readonly ok: true; readonly address: WebPushAddress }
  | Extract<DeviceValidation, { ok: false }>;

const POINT_BYTES = 65;
const AUTH_BYTES = 16;

/**
 * `PushSubscription.toJSON()` (W3C Push API): `{ endpoint, expirationTime?, keys: { p256dh, auth } }`, and optionally which of several
 * VAPID keys it was made with: `keyId`, or `applicationServerKey` as the browser remembers it in `subscription.options`. Default: the current one. The endpoint's text is the guard's business, not checked here. Keys are kept as unpadded base64url.
 */
export function parseSubscription(input: unknown, keys: VapidKeyRing): SubscriptionParsing {
  if (!isRecord(input)) return bad('', 'must be a PushSubscription: { endpoint, keys: { p256dh, auth } }');
  const { endpoint, keys: secrets, keyId, applicationServerKey } = input;
  if (typeof endpoint !== 'string') return bad('/endpoint', 'must be a string');
  if (!isRecord(secrets)) return bad('/keys', 'must be an object with p256dh and auth');
  const p256dh = decode(secrets.p256dh);
  if (p256dh?.length !== POINT_BYTES) return bad('/keys/p256dh', `must be ${POINT_BYTES} bytes in base64url`);
  if (!isOnCurve(p256dh)) return bad('/keys/p256dh', 'must be an uncompressed point of P-256');
  const auth = decode(secrets.auth);
  if (auth?.length !== AUTH_BYTES) return bad('/keys/auth', `must be ${AUTH_BYTES} bytes in base64url`);
  const named = keyId !== undefined;
  const key = named ? keys.find(keyId) : keys.findPublic(applicationServerKey ?? keys.current.publicKey);
  if (!key) return bad(named ? '/keyId' : '/applicationServerKey', 'must be that of an active VAPID key');
  return {
    ok: true,
    address: { endpoint, p256dh: p256dh.toString('base64url'), auth: auth.toString('base64url'), keyId: key.id },
  };
}

/** Both base64 alphabets, padded or not: old browsers and libraries differ. */
function decode(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]{1,100}={0,2}$/.test(value)) return undefined;
  return Buffer.from(value, 'base64url');
}

function isOnCurve(point: Buffer): boolean {
  if (point[0] !== 4) return false;
  try {
    ECDH.convertKey(point, 'prime256v1', undefined, undefined, 'compressed');
    return true;
  } catch {
    return false;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(field: string, detail: string): Extract<DeviceValidation, { ok: false }> {
  return { ok: false, field, detail };
}
