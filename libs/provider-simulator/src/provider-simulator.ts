import type { Clock } from '@belfry/core/clock';
import { createFcmSimulator, type FcmSimulator, type FcmSimulatorOptions } from './fcm/fcm-simulator.ts';
import { createSimulatorHost, type SimulatorHost, type SimulatorHostOptions } from './simulator-host.ts';
import { createWebPushService, type WebPushService, type WebPushServiceOptions } from './webpush/webpush-service.ts';

export type ProviderSimulatorOptions = Omit<SimulatorHostOptions, 'providers'> & {
  readonly clock: Clock;
  readonly webpush?: Pick<WebPushServiceOptions, 'verify' | 'keep'>;
  readonly fcm?: Omit<FcmSimulatorOptions, 'clock'>;
};

export type ProviderSimulator = SimulatorHost & {
  readonly webpush: WebPushService;
  readonly fcm: FcmSimulator;
};

/** Every provider behind one port: what standalone runs and the tests send to. */
export function createProviderSimulator(options: ProviderSimulatorOptions): ProviderSimulator {
  const { clock } = options;
  // The service asks for the origin only once the host, made after it, listens.
  const origin = (): string => host.origin();
  const webpush = createWebPushService({ ...options.webpush, clock, origin });
  const fcm = createFcmSimulator({ ...options.fcm, clock });
  const host = createSimulatorHost({ ...options, providers: [webpush, fcm] });
  return { ...host, webpush, fcm };
}
