import type { PushChannelAdapter } from '@belfry/core/channel';
import type { Clock } from '@belfry/core/clock';
import { createFcm, createWebPush } from '@belfry/service-process';
import type { StandaloneConfig } from './config.ts';
import type { DataFolder } from './data-folder.ts';
import { type SimulatorService, startSimulator } from './simulator-service.ts';

export type ChannelsOptions = {
  readonly config: StandaloneConfig;
  readonly data: Pick<DataFolder, 'simulatorPortFile' | 'vapidKeys'>;
  readonly clock: Clock;
};

export type Channels = {
  readonly webpush: PushChannelAdapter;
  readonly fcm: PushChannelAdapter;
  /** Where it is switched on. */
  readonly simulated: SimulatorService | undefined;
};

/** Starts the simulator and makes the channels, which have to know where it listens. */
export async function openChannels({ config, data, clock }: ChannelsOptions): Promise<Channels> {
  const simulated = config.BELFRY_SIMULATOR ? await startSimulator(data.simulatorPortFile, clock) : undefined;
  const simulatorOrigin = simulated?.simulator.origin();
  const [webpush, fcm] = await Promise.all([
    createWebPush({
      clock,
      vapidKeys: data.vapidKeys,
      subject: config.BELFRY_WEBPUSH_SUBJECT,
      allowedHosts: config.BELFRY_WEBPUSH_ALLOWED_HOSTS,
      simulatorOrigin,
    }),
    createFcm({
      clock,
      endpoint: config.BELFRY_FCM_ENDPOINT,
      project: config.BELFRY_FCM_PROJECT,
      serviceAccountFile: config.GOOGLE_APPLICATION_CREDENTIALS,
      simulatorOrigin,
    }),
  ]);
  return { webpush, fcm, simulated };
}
