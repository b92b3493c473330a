import { getCACertificates } from 'node:tls';
import { createAccessTokens, createCredentialOpener, createFcmChannel, fixedAccessToken } from '@belfry/channel-fcm';
import { createWebPushChannel, type VapidKey } from '@belfry/channel-webpush';
import type { PushChannelAdapter } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import { certificateAuthorityPem, isSimulatedFcmToken } from '@belfry/provider-simulator';
import { serviceAccountProject } from './service-account.ts';

export type PushChannelsOptions = {
  readonly clock: Clock;
  readonly vapidKeys: readonly VapidKey[];
  readonly subject: string;
  readonly allowedHosts: readonly string[];
  readonly fcmEndpoint: string | undefined;
  readonly fcmProject: string | undefined;
  readonly serviceAccountFile: string | undefined;
  /** Where simulated devices live; undefined when the simulator is off. */
  readonly simulatorOrigin: string | undefined;
};

const SIMULATED_PROJECT = 'simulated';

export function createWebPush(options: PushChannelsOptions): PushChannelAdapter {
  const { simulatorOrigin } = options;
  const simulated = simulatorOrigin === undefined ? [] : [new URL(simulatorOrigin).host];
  return createWebPushChannel({
    clock: options.clock,
    vapidKeys: options.vapidKeys,
    subject: options.subject,
    allowedHosts: [...options.allowedHosts, ...simulated],
    // What the process trusts anyway (NODE_EXTRA_CA_CERTS included) and the simulator's own authority, for allowed hosts only.
    ...(simulatorOrigin === undefined
      ? {}
      : { ca: [...getCACertificates('default'), certificateAuthorityPem()].join('\n') }),
  });
}

/**
 * FCM for real registrations, the simulator for simulated ones: the token tells which. A configured endpoint gets everything, as it may be a simulator itself.
 */
export function createFcm(options: PushChannelsOptions): PushChannelAdapter {
  const real = createRealFcm(options);
  if (options.simulatorOrigin === undefined || options.fcmEndpoint !== undefined) return real ?? notConfigured();
  const simulated = createFcmChannel({
    projectId: SIMULATED_PROJECT,
    endpoint: options.simulatorOrigin,
    accessTokens: fixedAccessToken('owner'),
    ca: certificateAuthorityPem(),
    clock: options.clock,
  });
  return byToken(simulated, real ?? notConfigured());
}

function createRealFcm(options: PushChannelsOptions): PushChannelAdapter | undefined {
  const { clock, fcmEndpoint, fcmProject, serviceAccountFile } = options;
  if (fcmEndpoint !== undefined) {
    const projectId = fcmProject ?? SIMULATED_PROJECT;
    return createFcmChannel({ projectId, endpoint: fcmEndpoint, accessTokens: fixedAccessToken('owner'), clock });
  }
  if (serviceAccountFile === undefined) return undefined;
  return createFcmChannel({
    projectId: fcmProject ?? serviceAccountProject(serviceAccountFile),
    accessTokens: createAccessTokens({ openCredential: createCredentialOpener(serviceAccountFile), clock }),
    clock,
  });
}

function byToken(simulated: PushChannelAdapter, real: PushChannelAdapter): PushChannelAdapter {
  const of = (device: Parameters<PushChannelAdapter['hostOf']>[0]): PushChannelAdapter =>
    device.channel === 'fcm' && isSimulatedFcmToken(device.address.token) ? simulated : real;
  return {
    channel: 'fcm',
    limits: real.limits,
    deliver: (delivery, signal) => of(delivery.device).deliver(delivery, signal),
    validateDevice: (input) => simulated.validateDevice(input),
    hostOf: (device) => of(device).hostOf(device),
    close: async () => {
      await Promise.all([simulated.close(), real.close()]);
    },
  };
}

/** Stands in where no service account is configured: real registrations are kept, and what they miss can be redriven later. */
function notConfigured(): PushChannelAdapter {
  const outcome = { kind: 'rejected', code: 'no-service-account', reason: 'fcm-not-configured' } as const;
  const token = /^\S{1,4096}$/;
  return {
    channel: 'fcm',
    limits: { maxPayloadBytes: 4_096, maxTtlSeconds: 2_419_200, attemptTimeoutMs: 10_000 },
    deliver: async () => ({ outcome, host: 'fcm' }),
    validateDevice: async (input) => {
      const given = (input as { token?: unknown } | null)?.token;
      return typeof given === 'string' && token.test(given)
        ? { ok: true, address: { channel: 'fcm', address: { token: given } } }
        : { ok: false, field: '/token', detail: 'must be a registration token of 1 to 4096 characters' };
    },
    hostOf: () => 'fcm',
    close: async () => {},
  };
}
