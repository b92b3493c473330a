import type { Clock } from '@belfry/core/clock';
import { actOut } from '../act-out.ts';
import type { Exchange, Reply } from '../exchange.ts';
import type { SimulatedProvider } from '../provider.ts';
import { createRecorder } from '../recorder.ts';
import { createScriptBook } from '../script.ts';
import { checkHeaders } from './check-request.ts';
import { decryptPushMessage } from './decrypt.ts';
import {
  createSubscription,
  parseApplicationServerKey,
  restoreSubscription,
  type Subscription,
  type SubscriptionJson,
  subscriptionJson,
} from './subscription.ts';
import { verifyVapid } from './verify-vapid.ts';
import type { WebPushMessage } from './webpush-message.ts';

export type WebPushServiceOptions = {
  readonly clock: Clock;
  /** Origin of new endpoints; asked when one is made, so the port may be known late. */
  origin(): string;
  /** False: trusts signature and body unread, for load tests whose subject is the sender. Default true. */
  readonly verify?: boolean;
  /** Accepted messages held in memory. Default 100,000. */
  readonly keep?: number;
};

export type WebPushService = SimulatedProvider<WebPushMessage> & {
  /** `pushManager.subscribe()` of a simulated browser. `applicationServerKey`: 65 bytes, base64url; anything else throws. */
  subscribe(applicationServerKey: string): SubscriptionJson;
  /** An offline device's messages wait; a newer one of the same Topic replaces the waiting one. Online, they reach `onMessage`. */
  setOnline(endpoint: string, online: boolean): void;
  /** Calls `listener` with every message that reaches a simulated device; returns how to stop. */
  onMessage(listener: (endpoint: string, message: WebPushMessage) => void): () => void;
};

const PATH_PREFIX = '/wp/';
const MAX_BODY_BYTES = 4096;

/** A push service by RFC 8030, 8291 and 8292, as strict as the strictest of the real ones. */
export function createWebPushService(options: WebPushServiceOptions): WebPushService {
  const { clock } = options;
  const script = createScriptBook();
  const recorder = createRecorder<WebPushMessage>(options.keep);
  const subscriptions = new Map<string, Subscription>();
  const listeners = new Set<(endpoint: string, message: WebPushMessage) => void>();
  let messages = 0;

  const endpointOf = (id: string) => `${options.origin()}${PATH_PREFIX}${id}`;
  const targetOf = (address: string) => address.slice(address.lastIndexOf('/') + 1);

  function subscribe(applicationServerKey: string): SubscriptionJson {
    const subscription = createSubscription(applicationServerKey);
    subscriptions.set(subscription.id, subscription);
    return subscriptionJson(subscription, endpointOf(subscription.id));
  }

  /** The subscription of an endpoint: one of this run, or of an earlier one on the same port. */
  function find(id: string): Subscription | undefined {
    const known = subscriptions.get(id);
    if (known !== undefined) return known;
    const restored = restoreSubscription(id);
    if (restored !== undefined) subscriptions.set(id, restored);
    return restored;
  }

  function hand(subscription: Subscription, message: WebPushMessage): void {
    for (const listener of listeners) listener(endpointOf(subscription.id), message);
  }

  function keepOrHand(subscription: Subscription, message: WebPushMessage): void {
    const { online, waiting } = subscription;
    if (online) {
      hand(subscription, message);
      return;
    }
    const { topic } = message;
    const same = topic === undefined ? -1 : waiting.findIndex((older) => older.message.topic === topic);
    if (same >= 0) waiting.splice(same, 1);
    waiting.push({ message, untilMs: clock.nowMs() + message.ttlSeconds * 1000 });
  }

  function refuse(target: string, status: number, reason: string): Reply {
    recorder.note({ kind: 'refused', target, atMs: clock.nowMs(), status, reason });
    return { status, body: { code: status, reason } };
  }

  /** What is wrong with a request, or the message that it carries. */
  function read(exchange: Exchange, subscription: Subscription | undefined): WebPushMessage | Refusal {
    const { headers, body } = exchange;
    if (!subscription) return { status: 404, reason: 'no such subscription' };
    if (subscription.removed) return { status: 410, reason: 'the subscription was given up' };
    if (exchange.method !== 'POST') return { status: 405, reason: 'a push message is sent with POST' };
    if (body.length > MAX_BODY_BYTES) return { status: 413, reason: `the body exceeds ${MAX_BODY_BYTES} bytes` };
    const checked = checkHeaders(headers, body.length > 0);
    if (!checked.ok) return checked;
    let payload = '';
    if (options.verify !== false) {
      const { applicationServerKey } = subscription;
      const expected = { origin: exchange.origin, applicationServerKey, nowMs: clock.nowMs() };
      const vapid = verifyVapid(headers.authorization, expected);
      if (!vapid.ok) return vapid;
      if (body.length > 0) {
        const opened = decryptPushMessage(body, subscription.secrets);
        if (!opened.ok) return { status: 400, reason: opened.reason };
        payload = opened.plaintext.toString('utf8');
      }
    }
    messages += 1;
    return {
      ...checked.value,
      messageId: `m${messages}`,
      payload,
      bodyBytes: body.length,
      httpVersion: exchange.httpVersion,
      headers: plainHeaders(exchange),
    };
  }

  function serve(exchange: Exchange): void {
    const arrivedAtMs = clock.nowMs();
    const target = exchange.path.slice(PATH_PREFIX.length);
    const subscription = find(target);
    const message = read(exchange, subscription);
    if ('status' in message || !subscription) {
      const { status, reason } = 'status' in message ? message : { status: 404, reason: 'no such subscription' };
      exchange.answer(refuse(target, status, reason));
      return;
    }
    actOut(script.next(target), {
      clock,
      exchange,
      accept() {
        const atMs = clock.nowMs();
        recorder.note({ kind: 'accepted', target, atMs, arrivedAtMs, message: { ...message, target, atMs } });
        keepOrHand(subscription, message);
        return {
          status: 201,
          headers: { location: `${exchange.origin}/message/${message.messageId}`, ttl: String(message.ttlSeconds) },
        };
      },
      refuse: (status) => refuse(target, status, 'as the script says'),
      drop: (how) => recorder.note({ kind: 'dropped', target, atMs: clock.nowMs(), how }),
    });
  }

  return {
    name: 'webpush',
    script,
    recorder,
    serves: (path) => path.startsWith(PATH_PREFIX),
    serve,
    targetOf,
    createTarget(input) {
      const key = parseApplicationServerKey(input);
      if (!key) return { ok: false, field: '/applicationServerKey', detail: 'must be 65 bytes in base64url' };
      const device = subscribe(key);
      return { ok: true, target: targetOf(device.endpoint), device };
    },
    removeTarget(target) {
      const subscription = find(target);
      if (!subscription || subscription.removed) return false;
      subscription.removed = true;
      return true;
    },
    subscribe(applicationServerKey) {
      if (!parseApplicationServerKey({ applicationServerKey })) {
        throw new TypeError('applicationServerKey must be an uncompressed P-256 point, 65 bytes in base64url');
      }
      return subscribe(applicationServerKey);
    },
    setOnline(endpoint, online) {
      const subscription = find(targetOf(endpoint));
      if (!subscription) throw new RangeError('no such subscription');
      subscription.online = online;
      if (!online) return;
      for (const { message, untilMs } of subscription.waiting.splice(0)) {
        if (clock.nowMs() < untilMs) hand(subscription, message);
      }
    },
    onMessage(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

type Refusal = { readonly status: number; readonly reason: string };

function plainHeaders(exchange: Exchange): Readonly<Record<string, string>> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(exchange.headers)) {
    if (typeof value === 'string' && !name.startsWith(':')) plain[name] = value;
  }
  return plain;
}
