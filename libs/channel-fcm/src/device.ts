import type { DeviceValidation } from '@belfry/core/channel';

/** Longest registration token that is stored, in characters. Real ones have 140–250; FCM names no limit. */
const MAX_TOKEN_LENGTH = 4096;

/** Checks `{channel: "fcm", token}` as an app sends it: 1–4096 visible ASCII characters. Whether FCM knows the token shows at the first send. */
export function validateFcmDevice(input: unknown): DeviceValidation {
  const token = typeof input === 'object' && input !== null && 'token' in input ? input.token : undefined;
  if (typeof token !== 'string') return refuse('must be a string: the FCM registration token');
  if (token.length < 1 || token.length > MAX_TOKEN_LENGTH) {
    return refuse(`must have 1 to ${MAX_TOKEN_LENGTH} characters, has ${token.length}`);
  }
  if (!/^[\x21-\x7e]+$/.test(token)) return refuse('must consist of visible ASCII characters, without spaces');
  return { ok: true, address: { channel: 'fcm', address: { token } } };
}

function refuse(detail: string): DeviceValidation {
  return { ok: false, field: '/token', detail };
}
