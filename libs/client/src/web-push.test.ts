import { afterEach, describe, expect, it, vi } from 'vitest';
import { BelfryApiError } from './api-request.ts';
import { createKeptValues } from './kept-values.ts';
import { createWebPush } from './web-push.ts';

const keyOf = (fill: number) => new Uint8Array(65).fill(fill);
const base64url = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64url');

/** The browser's side of the Push API, as far as the client looks at it, and an API that keeps devices. */
function createBrowser({ permission = 'granted', stored = new Map<string, string>(), user = 'alice' } = {}) {
  type Subscription = { readonly endpoint: string; readonly key: Uint8Array; gone: boolean };
  const subscriptions: Subscription[] = [];
  const calls: string[] = [];
  const owners = new Map<string, string>();
  let serverKey = keyOf(1);
  const current = () => subscriptions.find((each) => !each.gone);
  const facade = (subscription: Subscription) => ({
    options: { applicationServerKey: subscription.key.buffer },
    unsubscribe: async () => {
      subscription.gone = true;
    },
    toJSON: () => ({ endpoint: subscription.endpoint, keys: { p256dh: 'p', auth: 'a' } }),
  });
  const registration = {
    active: {},
    installing: null,
    waiting: null,
    pushManager: {
      getSubscription: async () => {
        const found = current();
        return found === undefined ? null : facade(found);
      },
      subscribe: async ({ applicationServerKey }: { applicationServerKey: Uint8Array }) => {
        if (current() !== undefined) throw new Error('InvalidStateError: subscribed with another key');
        const endpoint = `https://push.example/${subscriptions.length + 1}`;
        const subscription = { endpoint, key: applicationServerKey, gone: false };
        subscriptions.push(subscription);
        return facade(subscription);
      },
    },
  };
  vi.stubGlobal('PushManager', class {});
  vi.stubGlobal('Notification', { permission, requestPermission: async () => permission });
  vi.stubGlobal('navigator', {
    serviceWorker: { register: async () => registration, getRegistration: async () => registration },
  });

  const request = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const { subscription, keyId } = (body ?? {}) as { subscription?: { endpoint: string }; keyId?: string };
    calls.push([method, path, subscription?.endpoint, keyId].filter((part) => part !== undefined).join(' '));
    if (path === '/v1/webpush/public-key') return { publicKey: base64url(serverKey), keyId: `k${serverKey[0]}` };
    if (subscription === undefined) return {};
    if (owners.has(subscription.endpoint)) throw new BelfryApiError(409, 'device_owned_by_another_user', 'no');
    return { id: `device-${subscription.endpoint.at(-1)}` };
  };
  const unused = async () => {
    throw new Error('not used here');
  };
  const identity = async () => ({ user, account: user });
  const credentials = { identity, user: unused, ticket: unused, forConnection: unused };
  const storage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  };
  return {
    webPush: createWebPush(request, credentials, createKeptValues(storage, 'https://push.example')),
    calls,
    stored,
    alive: () => subscriptions.filter((each) => !each.gone).map((each) => each.endpoint),
    own: (endpoint: string) => owners.set(endpoint, 'bob'),
    changeKey: () => {
      serverKey = keyOf(2);
    },
  };
}

const SCRIPT = { serviceWorkerUrl: '/sw.js' };
const GET_KEY = 'GET /v1/webpush/public-key';

afterEach(() => vi.unstubAllGlobals());

describe('Web Push in the browser', () => {
  it('subscribes with the key of the server and registers the device, once', async () => {
    const { webPush, calls, alive } = createBrowser();
    expect(await webPush.enable(SCRIPT)).toEqual({ enabled: true, deviceId: 'device-1' });
    expect(await webPush.enable(SCRIPT)).toEqual({ enabled: true, deviceId: 'device-1' });
    const registered = 'POST /v1/users/alice/devices https://push.example/1 k1';
    expect(calls).toEqual([GET_KEY, registered, GET_KEY, registered]);
    expect(alive()).toHaveLength(1);
  });

  it('says so where it is not supported or not allowed', async () => {
    const { webPush, calls } = createBrowser({ permission: 'denied' });
    expect(await webPush.enable(SCRIPT)).toEqual({ enabled: false, reason: 'denied' });
    vi.unstubAllGlobals();
    expect(await webPush.enable(SCRIPT)).toEqual({ enabled: false, reason: 'unsupported' });
    expect(calls).toEqual([]);
  });

  it('leaves a subscription of an old key for one of the new', async () => {
    const { webPush, changeKey, alive, calls } = createBrowser();
    await webPush.enable(SCRIPT);
    changeKey();
    await webPush.resync();
    expect(alive()).toEqual(['https://push.example/2']);
    expect(calls.at(-1)).toBe('POST /v1/users/alice/devices https://push.example/2 k2');
  });

  it('registers again at each start what was enabled before, and nothing otherwise', async () => {
    const stored = new Map<string, string>();
    const first = createBrowser({ stored });
    await first.webPush.resync();
    expect(first.calls).toEqual([]);
    await first.webPush.enable(SCRIPT);
    const second = createBrowser({ stored });
    await second.webPush.resync();
    expect(second.calls).toEqual([GET_KEY, 'POST /v1/users/alice/devices https://push.example/1 k1']);
  });

  it('makes no device of a user because somebody else had enabled it here', async () => {
    const stored = new Map<string, string>();
    await createBrowser({ stored }).webPush.enable(SCRIPT);
    const bob = createBrowser({ stored, user: 'bob' });
    await bob.webPush.resync();
    await bob.webPush.disable();
    expect(bob.calls).toEqual([]);
    const alice = createBrowser({ stored });
    await alice.webPush.resync();
    expect(alice.calls.at(-1)).toBe('POST /v1/users/alice/devices https://push.example/1 k1');
  });

  it('takes an address of its own where the browser was used by somebody else', async () => {
    const { webPush, own, alive } = createBrowser();
    own('https://push.example/1');
    expect(await webPush.enable(SCRIPT)).toEqual({ enabled: true, deviceId: 'device-2' });
    expect(alive()).toEqual(['https://push.example/2']);
  });

  it('unsubscribes and removes the device when disabled', async () => {
    const { webPush, calls, alive, stored } = createBrowser();
    await webPush.enable(SCRIPT);
    await webPush.disable();
    expect(calls.at(-1)).toBe('DELETE /v1/users/alice/devices/device-1');
    expect([alive(), stored.size]).toEqual([[], 0]);
    await webPush.disable();
    await webPush.resync();
    expect(calls).toHaveLength(3);
  });
});
