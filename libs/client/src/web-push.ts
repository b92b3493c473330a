/// <reference lib="dom" />
import { type ApiRequest, BelfryApiError } from './api-request.ts';
import type { Credentials, Identity } from './credentials.ts';
import type { KeptValues } from './kept-values.ts';

export type EnableWebPushOptions = {
  /** The script of the service worker, on the page's own origin: the package's `service-worker.js`, or one that imports it. */
  readonly serviceWorkerUrl: string;
};

export type WebPushResult =
  | { readonly enabled: true; readonly deviceId: string }
  /** `unsupported`: no Push API here (on iOS: the page is not on the home screen). `denied`: the user said no, or did not say. */
  | { readonly enabled: false; readonly reason: 'unsupported' | 'denied' };

export type WebPush = {
  /** Asks for permission where needed, so call it from a click. Safe to call again. Rejects when the API or the browser's push service cannot be reached. */
  enable(options: EnableWebPushOptions): Promise<WebPushResult>;
  disable(): Promise<void>;
  /**
   * What this user had enabled before is registered again, without asking: a browser may have renewed the subscription, or the key may be a new one. Nobody
   * gets a device because somebody else had enabled one here.
   */
  resync(): Promise<void>;
};

type Remembered = { readonly serviceWorkerUrl: string; readonly deviceId: string };

export function createWebPush(request: ApiRequest, credentials: Credentials, kept: KeptValues): WebPush {
  const remember = ({ account }: Identity, value: Remembered | undefined): void =>
    kept.set('webpush', account, value && JSON.stringify(value));
  const recall = ({ account }: Identity): Remembered | undefined => {
    const text = kept.get('webpush', account);
    return text === undefined ? undefined : (JSON.parse(text) as Remembered);
  };
  const devicesPath = ({ user }: Identity): string => `/v1/users/${encodeURIComponent(user)}/devices`;

  const register = async (who: Identity, subscription: PushSubscription, keyId: unknown): Promise<string> => {
    const body = { channel: 'webpush', subscription: subscription.toJSON(), keyId };
    return String((await request('POST', devicesPath(who), body)).id);
  };

  const subscribe = async (who: Identity, { serviceWorkerUrl }: EnableWebPushOptions): Promise<WebPushResult> => {
    const { publicKey, keyId } = await request('GET', '/v1/webpush/public-key');
    const key = bytesOf(String(publicKey));
    const registration = await activeRegistration(serviceWorkerUrl);
    const fresh = () => registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    let subscription = await registration.pushManager.getSubscription();
    // A subscription is bound to its key; browsers refuse to subscribe with another one while it stands.
    if (subscription !== null && !sameBytes(subscription.options.applicationServerKey, key)) {
      await subscription.unsubscribe();
      subscription = null;
    }
    subscription ??= await fresh();
    let deviceId: string;
    try {
      deviceId = await register(who, subscription, keyId);
    } catch (error) {
      // Somebody else used this browser. Their subscription stays theirs and dies with this; the new one has another address.
      if (!(error instanceof BelfryApiError) || error.code !== 'device_owned_by_another_user') throw error;
      await subscription.unsubscribe();
      deviceId = await register(who, await fresh(), keyId);
    }
    remember(who, { serviceWorkerUrl, deviceId });
    return { enabled: true, deviceId };
  };

  return {
    async enable(options) {
      if (!isSupported()) return { enabled: false, reason: 'unsupported' };
      if ((await Notification.requestPermission()) !== 'granted') return { enabled: false, reason: 'denied' };
      return subscribe(await credentials.identity(), options);
    },
    async disable() {
      const who = await credentials.identity();
      const known = recall(who);
      remember(who, undefined);
      if (known === undefined || !isSupported()) return;
      const registration = await navigator.serviceWorker.getRegistration(known.serviceWorkerUrl);
      const subscription = await registration?.pushManager.getSubscription();
      await subscription?.unsubscribe();
      await request('DELETE', `${devicesPath(who)}/${encodeURIComponent(known.deviceId)}`).catch((error: unknown) => {
        // Gone already, for example because the push service said so.
        if (!(error instanceof BelfryApiError) || error.status !== 404) throw error;
      });
    },
    async resync() {
      if (!isSupported() || Notification.permission !== 'granted') return;
      const who = await credentials.identity();
      const known = recall(who);
      if (known !== undefined) await subscribe(who, known);
    },
  };
}

function isSupported(): boolean {
  return (
    'navigator' in globalThis &&
    'serviceWorker' in navigator &&
    'PushManager' in globalThis &&
    'Notification' in globalThis
  );
}

/** Push needs a worker that is active; a first registration is still being installed. */
async function activeRegistration(url: string): Promise<ServiceWorkerRegistration> {
  const registration = await navigator.serviceWorker.register(url);
  const worker = registration.installing ?? registration.waiting;
  if (registration.active === null && worker !== null) {
    await new Promise<void>((resolve, reject) => {
      worker.addEventListener('statechange', () => {
        if (worker.state === 'activated') resolve();
        if (worker.state === 'redundant') reject(new Error(`belfry: the service worker ${url} did not install`));
      });
    });
  }
  return registration;
}

function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

function sameBytes(buffer: ArrayBuffer | null, bytes: Uint8Array): boolean {
  if (buffer === null || buffer.byteLength !== bytes.length) return false;
  return new Uint8Array(buffer).every((byte, index) => byte === bytes[index]);
}
