import type { ChannelLimits, PushChannelAdapter, PushDelivery } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import type { Outcome } from '@belfry/core/outcome';
import type { AccessToken, AccessTokens } from './access-tokens.ts';
import { classifyFailure, classifyReply } from './classify.ts';
import { validateFcmDevice } from './device.ts';
import { fitMessage, MAX_MESSAGE_BYTES } from './fit-message.ts';
import { MAX_TTL_SECONDS } from './message.ts';
import { MIN_RETRY_WAIT_MS } from './outcome-table.ts';
import { projectIdProblem } from './settings.ts';
import {
  createTransport,
  DEFAULT_CONNECT_TIMEOUT_MS,
  DEFAULT_REQUEST_TIMEOUT_MS,
  type TransportOptions,
  type TransportResult,
  type TransportStats,
} from './transport.ts';

export type FcmChannelOptions = {
  /** The Firebase project whose messages are sent; 1–100 letters, digits, `-`, `_`, `.`, `:`. */
  readonly projectId: string;
  readonly accessTokens: AccessTokens;
  readonly clock: Clock;
  /** Where FCM HTTP v1 is, a path before `/v1/…` included; default https://fcm.googleapis.com. */
  readonly endpoint?: string;
  /** PEM of certificate authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly transport?: Omit<TransportOptions, 'origin' | 'clock' | 'ca'>;
};

export type FcmChannel = PushChannelAdapter & {
  /** Connections and requests under way, for metrics. */
  stats(): TransportStats;
};

const FCM_ENDPOINT = 'https://fcm.googleapis.com';

/** Sends to FCM HTTP v1. Throws for an unusable project id or endpoint. */
export function createFcmChannel(options: FcmChannelOptions): FcmChannel {
  const { projectId, accessTokens, clock } = options;
  const endpoint = parseEndpoint(options.endpoint ?? FCM_ENDPOINT);
  const { host } = endpoint;
  const problem = projectIdProblem(projectId);
  if (problem !== undefined) throw new Error(`projectId "${projectId}" ${problem}`);
  const path = `${endpoint.pathname.replace(/\/+$/, '')}/v1/projects/${projectId}/messages:send`;
  const transport = createTransport({
    ...options.transport,
    origin: new URL(endpoint.origin),
    clock,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  const limits: ChannelLimits = {
    maxPayloadBytes: MAX_MESSAGE_BYTES,
    maxTtlSeconds: MAX_TTL_SECONDS,
    attemptTimeoutMs:
      (options.transport?.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS) +
      (options.transport?.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS) +
      5_000,
    minRetryWaitMs: MIN_RETRY_WAIT_MS,
  };

  const post = async (json: string, token: string, signal: AbortSignal): Promise<TransportResult> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' };
    const request = { path, headers, body: json };
    const result = await transport.send(request, signal);
    // A server that rotates its connections refuses what comes too late; RFC 9113 §8.7 calls sending that again safe, and it is no new attempt.
    return isRefusedStream(result) ? transport.send(request, signal) : result;
  };

  const attempt = async (json: string, signal: AbortSignal): Promise<Outcome> => {
    const access = await untilAborted(accessTokens.current(), signal);
    if (!access) return classifyFailure('not-started', 'ABORTED');
    if (!access.ok) return classifyFailure('no-access-token', access.code);
    const result = await post(json, access.token, signal);
    if (!isRefusedToken(result)) return outcomeOf(result);
    // FCM turned the request away at the door, so the same attempt may knock again with another token.
    const renewed = await untilAborted(accessTokens.renew(access.token), signal);
    return renewed?.ok ? outcomeOf(await post(json, renewed.token, signal)) : outcomeOf(result);
  };

  const outcomeOf = (result: TransportResult): Outcome =>
    result.kind === 'answered' ? classifyReply(result, clock.nowMs()) : classifyFailure(result.failure, result.code);

  const deliver = async (delivery: PushDelivery, signal: AbortSignal): Promise<Outcome> => {
    const { device } = delivery;
    if (device.channel !== 'fcm') throw new Error(`device ${device.id} is of channel ${device.channel}, not fcm`);
    const message = fitMessage(delivery, device.address.token, clock.nowMs());
    if (!message.ok) return { kind: 'rejected', code: `${message.bytes} bytes`, reason: 'too-large' };
    return attempt(message.json, signal);
  };

  return {
    channel: 'fcm',
    limits,
    hostOf: () => host,
    validateDevice: async (input) => validateFcmDevice(input),
    deliver: async (delivery, signal) => ({ outcome: await deliver(delivery, signal), host }),
    stats: () => transport.stats(),
    close: () => transport.close(),
  };
}

function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new Error(`endpoint "${endpoint}" must be an http: or https: URL`);
  }
  return url;
}

function isRefusedStream(result: TransportResult): boolean {
  return result.kind === 'failed' && result.failure === 'refused-stream';
}

/** A 401 that is about our token; THIRD_PARTY_AUTH_ERROR is a 401 about somebody else's. */
function isRefusedToken(result: TransportResult): boolean {
  if (result.kind !== 'answered' || result.status !== 401) return false;
  const outcome = classifyReply(result, 0);
  return outcome.kind === 'rejected' && outcome.reason === 'unauthenticated';
}

/** Undefined when `signal` aborts first. */
function untilAborted<T extends AccessToken | undefined>(
  work: Promise<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
