import { defineConfig, port } from '@belfry/runtime';
import { processOptions, simulatorOptions } from '@belfry/service-process';

export const CONFIG = defineConfig({
  program: 'node services/provider-simulator/src/main.ts',
  summary: 'Plays a Web Push service and FCM for simulated devices. For development and tests.',
  environment: 'shared',
  options: {
    ...processOptions(8095),
    BELFRY_SIMULATOR_PORT: {
      type: port(),
      default: 8443,
      description:
        'TCP port for TLS, on which senders reach it. Its certificate is for localhost and for the host name provider-simulator.',
      group: 'Simulator',
    },
    ...simulatorOptions,
  },
});
