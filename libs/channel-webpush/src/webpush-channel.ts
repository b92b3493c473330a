import { lookup } from 'node:dns/promises';
import type { AttemptResult, PushChannelAdapter, PushDelivery } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import { hostOfEndpoint, type WebPushAddress } from '@belfry/core/device';
import type { Priority } from '@belfry/core/notification';
import type { Outcome } from '@belfry/core/outcome';
import { classifyAnswer, classifyFailure } from './classify.ts';
import { createPushClient, DEFAULT_TIMEOUTS, type PushRequest, type PushTimeouts } from './client.ts';
import { parseSubscription } from './device.ts';
import { encryptPayload, MAX_PLAINTEXT_BYTES } from './encrypt.ts';
import { createEndpointGuard, type Resolve } from './endpoint-guard.ts';
import { createPayload } from './payload.ts';
import { vapidSubjectProblem } from './settings.ts';
import { topicOf } from './topic.ts';
import { createVapidHeaders } from './vapid-header.ts';
import { createVapidKeyRing, type VapidKey } from './vapid-keys.ts';

export type WebPushChannelOptions = {
  /** The first signs for new subscriptions; the others for those made with them. */
  readonly vapidKeys: readonly VapidKey[];
  /** `mailto:` or `https:` address of who runs this server. */
  readonly subject: string;
  /** BELFRY_WEBPUSH_ALLOWED_HOSTS: `host:port` entries exempt from the host list, the port rule and the address rule. */
  readonly allowedHosts?: readonly string[];
  /** PEM of an authority that allowed hosts, and only they, may show a certificate of. */
  readonly ca?: string;
  readonly clock: Clock;
  /** Every address of a host. Default: the system's resolver. */
  readonly resolve?: Resolve;
  /** Each in milliseconds; defaults 5,000, 10,000 and 15,000. */
  readonly timeouts?: Partial<PushTimeouts>;
  /** Default 16. */
  readonly connectionsPerOrigin?: number;
};

/** Mozilla keeps a message for 30 days at most, FCM for 28; both cut a longer TTL themselves. */
const MAX_TTL_SECONDS = 2_592_000;
const URGENCY: Readonly<Record<Priority, string>> = { low: 'low', normal: 'normal', high: 'high' };

/** The Web Push channel. Throws on options that configuration should have refused: no key, a bad subject, a malformed allowed host. */
export function createWebPushChannel(options: WebPushChannelOptions): PushChannelAdapter {
  const { clock } = options;
  const timeouts: PushTimeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const subjectProblem = vapidSubjectProblem(options.subject);
  if (subjectProblem) throw new TypeError(`subject ${subjectProblem}`);
  const keys = createVapidKeyRing(options.vapidKeys);
  const vapidHeader = createVapidHeaders({ subject: options.subject, clock });
  const guard = createEndpointGuard({
    allowedHosts: options.allowedHosts ?? [],
    resolve: options.resolve ?? resolveBySystem,
  });
  const client = createPushClient({
    clock,
    timeouts,
    connectionsPerOrigin: options.connectionsPerOrigin ?? 16,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    lookupFor: guard.lookupFor,
  });

  /** The request of an attempt, or what the attempt came to without one. */
  function prepare(delivery: PushDelivery, address: WebPushAddress): PushRequest | Outcome {
    const endpoint = guard.check(address.endpoint);
    if (!endpoint.ok) return rejected('endpoint-refused');
    const key = keys.find(address.keyId);
    if (!key) return rejected('vapid-key-unknown');
    // Rounded down, so that the service never keeps a message beyond its deadline.
    const ttlSeconds = Math.min(Math.floor(delivery.remainingMs / 1000), MAX_TTL_SECONDS);
    if (ttlSeconds <= 0) return { kind: 'expired', code: 'ttl', reason: 'expired' };
    const payload = createPayload(delivery.notification, delivery.deliveryId);
    if (!payload) return rejected('payload-too-large');
    const body = encryptPayload(address, payload);
    if (!body) return rejected('subscription-keys-invalid');
    return {
      url: endpoint.url,
      exempt: endpoint.exempt,
      remainingMs: delivery.remainingMs,
      body,
      headers: {
        authorization: vapidHeader(key, endpoint.url.origin),
        'content-encoding': 'aes128gcm',
        'content-type': 'application/octet-stream',
        ttl: String(ttlSeconds),
        urgency: URGENCY[delivery.notification.priority],
        topic: topicOf(delivery),
      },
    };
  }

  async function attempt(delivery: PushDelivery, address: WebPushAddress, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return { kind: 'retry', code: 'aborted', reason: 'aborted' };
    const request = prepare(delivery, address);
    if ('kind' in request) return request;
    const result = await client.send(request, signal);
    return result.kind === 'answer' ? classifyAnswer(result, clock.nowMs()) : classifyFailure(result);
  }

  return {
    channel: 'webpush',
    limits: {
      maxPayloadBytes: MAX_PLAINTEXT_BYTES,
      maxTtlSeconds: MAX_TTL_SECONDS,
      attemptTimeoutMs: timeouts.attemptMs,
      minRetryWaitMs: 0,
    },
    async deliver(delivery, signal): Promise<AttemptResult> {
      const { address } = ofWebPush(delivery.device);
      return { outcome: await attempt(delivery, address, signal), host: hostOfEndpoint(address) };
    },
    async validateDevice(input) {
      const parsed = parseSubscription(input, keys);
      if (!parsed.ok) return parsed;
      const endpoint = await guard.verify(parsed.address.endpoint);
      if (!endpoint.ok) return { ok: false, field: '/endpoint', detail: endpoint.detail };
      return { ok: true, address: { channel: 'webpush', address: parsed.address } };
    },
    hostOf: (device) => hostOfEndpoint(ofWebPush(device).address),
    close: () => client.close(),
  };
}

function ofWebPush<D extends PushDelivery['device']>(device: D): Extract<D, { channel: 'webpush' }> {
  if (!isWebPush(device)) throw new TypeError(`a device of channel ${device.channel} was handed to webpush`);
  return device;
}

function isWebPush<D extends PushDelivery['device']>(device: D): device is Extract<D, { channel: 'webpush' }> {
  return device.channel === 'webpush';
}

/** The same resolver as an ordinary connection: hosts file, search list and all. */
async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}

/** Refused before anything was sent. */
function rejected(reason: string): Outcome {
  return { kind: 'rejected', code: 'refused', reason };
}
