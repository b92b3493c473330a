import { createRealClock } from '@belfry/testing/real-clock';
import { describe, expect, it } from 'vitest';
import { generateVapidKey } from './vapid-keys.ts';
import { createWebPushChannel } from './webpush-channel.ts';

const key = generateVapidKey();
const older = generateVapidKey();
const channel = createWebPushChannel({
  vapidKeys: [key, older],
  subject: 'mailto:ops@example.com',
  clock: createRealClock(),
  resolve: async (hostname) =>
    hostname.startsWith('updates') ? ['93.184.216.34'] : Promise.reject(new Error('EAI_AGAIN')),
});

const endpoint = 'https://updates.push.services.mozilla.com/wpush/v2/gAAAAABn';
const p256dh = generateVapidKey().publicKey;
const auth = 'BTBZMqHH6r4Tts7J_aSIgg';
const subscription = { endpoint, expirationTime: null, keys: { p256dh, auth } };
const address = { endpoint, p256dh, auth, keyId: key.id };

describe('validateDevice', () => {
  it.each([
    ['what toJSON() gives', subscription, address],
    ['another active key', { ...subscription, keyId: older.id }, { ...address, keyId: older.id }],
    [
      'another active key by its public half',
      { ...subscription, applicationServerKey: older.publicKey },
      { ...address, keyId: older.id },
    ],
    [
      'padded keys in the standard alphabet',
      {
        ...subscription,
        keys: {
          p256dh: `${p256dh.replaceAll('-', '+').replaceAll('_', '/')}=`,
          auth: `${auth.replaceAll('_', '/')}==`,
        },
      },
      address,
    ],
    [
      'a host that does not resolve just now',
      { ...subscription, endpoint: 'https://fcm.googleapis.com/fcm/send/a:b' },
      { ...address, endpoint: 'https://fcm.googleapis.com/fcm/send/a:b' },
    ],
  ])('takes %s', async (_what, input, expected) => {
    expect(await channel.validateDevice(input)).toEqual({
      ok: true,
      address: { channel: 'webpush', address: expected },
    });
  });

  const offCurve = Buffer.from(p256dh, 'base64url');
  offCurve[64] = (offCurve[64] ?? 0) ^ 1;
  const compressed = Buffer.from(p256dh, 'base64url');
  compressed[0] = 2;
  it.each([
    ['nothing', undefined, ''],
    ['a list', [subscription], ''],
    ['no endpoint', { keys: subscription.keys }, '/endpoint'],
    ['an endpoint of another host', { ...subscription, endpoint: 'https://example.com/x' }, '/endpoint'],
    ['no keys', { endpoint }, '/keys'],
    ['no p256dh', { endpoint, keys: { auth } }, '/keys/p256dh'],
    ['a p256dh of 64 bytes', { endpoint, keys: { p256dh: p256dh.slice(2), auth } }, '/keys/p256dh'],
    ['a p256dh off the curve', { endpoint, keys: { p256dh: offCurve.toString('base64url'), auth } }, '/keys/p256dh'],
    [
      'a p256dh with a wrong prefix',
      { endpoint, keys: { p256dh: compressed.toString('base64url'), auth } },
      '/keys/p256dh',
    ],
    ['no auth', { endpoint, keys: { p256dh } }, '/keys/auth'],
    ['an auth of 15 bytes', { endpoint, keys: { p256dh, auth: auth.slice(2) } }, '/keys/auth'],
    ['an auth with other letters', { endpoint, keys: { p256dh, auth: 'BTBZMqHH6r4Tts7J aSIgg' } }, '/keys/auth'],
    ['an unknown public key', { ...subscription, applicationServerKey: p256dh }, '/applicationServerKey'],
    ['a key id that is no text', { ...subscription, keyId: 7 }, '/keyId'],
    ['an unknown key id', { ...subscription, keyId: 'old' }, '/keyId'],
  ])('refuses %s and names the field', async (_what, input, field) => {
    const result = await channel.validateDevice(input);
    expect(result).toEqual({ ok: false, field, detail: expect.stringMatching(/^must /) });
  });
});

describe('createWebPushChannel', () => {
  const good = { vapidKeys: [key], subject: 'mailto:ops@example.com', clock: createRealClock() };
  it.each([
    ['no key', { ...good, vapidKeys: [] }, 'at least one VAPID key'],
    ['a bad subject', { ...good, subject: 'ops' }, 'subject must be'],
    ['an allowed host without a port', { ...good, allowedHosts: ['127.0.0.1'] }, 'host:port'],
  ])('throws on %s', (_what, options, message) => {
    expect(() => createWebPushChannel(options)).toThrow(message);
  });
});
