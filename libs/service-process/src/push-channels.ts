import { getCACertificates } from 'node:tls';
import type { VapidKey } from '@belfry/channel-webpush';
import type { PushChannelAdapter } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import { serviceAccountProject } from './service-account.ts';

export type WebPushOptions = {
  readonly clock: Clock;
  readonly vapidKeys: readonly VapidKey[];
  readonly subject: string;
  readonly allowedHosts: readonly string[];
  /** Where simulated devices live; undefined when there is no simulator. */
  readonly simulatorOrigin: string | undefined;
};

export type FcmOptions = {
  readonly clock: Clock;
  readonly endpoint: string | undefined;
  readonly project: string | undefined;
  readonly serviceAccountFile: string | undefined;
  /** Where simulated devices live; undefined when there is no simulator. */
  readonly simulatorOrigin: string | undefined;
};

const SIMULATED_PROJECT = 'simulated';

/** Web Push to the public services, to allowed hosts and to the simulator. The libraries are loaded when it is made: most processes never do. */
export async function createWebPush(options: WebPushOptions): Promise<PushChannelAdapter> {
  const { createWebPushChannel } = await import('@belfry/channel-webpush');
  const { clock, vapidKeys, subject, allowedHosts, simulatorOrigin } = options;
  if (simulatorOrigin === undefined) return createWebPushChannel({ clock, vapidKeys, subject, allowedHosts });
  const { certificateAuthorityPem } = await import('@belfry/provider-simulator');
  return createWebPushChannel({
    clock,
    vapidKeys,
    subject,
    allowedHosts: [...allowedHosts, new URL(simulatorOrigin).host],
    // What the process trusts anyway (NODE_EXTRA_CA_CERTS included) and the simulator's own authority, for allowed hosts only.
    ca: [...getCACertificates('default'), certificateAuthorityPem()].join('\n'),
  });
}

/**
 * FCM for real registrations, the simulator for simulated ones: the token tells which. A configured endpoint gets everything, as it may be a simulator itself.
 */
export async function createFcm(options: FcmOptions): Promise<PushChannelAdapter> {
  const real = await createRealFcm(options);
  const { simulatorOrigin, clock } = options;
  if (simulatorOrigin === undefined || options.endpoint !== undefined) return real ?? notConfigured();
  const { createFcmChannel, fixedAccessToken } = await import('@belfry/channel-fcm');
  const { certificateAuthorityPem, isSimulatedFcmToken } = await import('@belfry/provider-simulator');
  const simulated = createFcmChannel({
    projectId: SIMULATED_PROJECT,
    endpoint: simulatorOrigin,
    accessTokens: fixedAccessToken('owner'),
    ca: certificateAuthorityPem(),
    clock,
  });
  return byToken(simulated, real ?? notConfigured(), isSimulatedFcmToken);
}

async function createRealFcm(options: FcmOptions): Promise<PushChannelAdapter | undefined> {
  const { clock, endpoint, project, serviceAccountFile } = options;
  if (endpoint === undefined && serviceAccountFile === undefined) return undefined;
  const account = serviceAccountFile === undefined ? undefined : serviceAccountProject(serviceAccountFile);
  const projectId = project ?? account;
  if (projectId === undefined) throw new Error('BELFRY_FCM_PROJECT is required with BELFRY_FCM_ENDPOINT');
  const fcm = await import('@belfry/channel-fcm');
  if (endpoint !== undefined) {
    return fcm.createFcmChannel({ projectId, endpoint, accessTokens: fcm.fixedAccessToken('owner'), clock });
  }
  const { createCredentialOpener } = await import('@belfry/channel-fcm/credentials');
  return fcm.createFcmChannel({
    projectId,
    accessTokens: fcm.createAccessTokens({ openCredential: createCredentialOpener(serviceAccountFile), clock }),
    clock,
  });
}

function byToken(
  simulated: PushChannelAdapter,
  real: PushChannelAdapter,
  isSimulated: (token: string) => boolean,
): PushChannelAdapter {
  const of = (device: Parameters<PushChannelAdapter['hostOf']>[0]): PushChannelAdapter =>
    device.channel === 'fcm' && isSimulated(device.address.token) ? simulated : real;
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
    limits: { maxPayloadBytes: 4_096, maxTtlSeconds: 2_419_200, attemptTimeoutMs: 10_000, minRetryWaitMs: 10_000 },
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
