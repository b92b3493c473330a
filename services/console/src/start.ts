import { API_KEY_TENANT, credential, runServiceProcess } from '@belfry/service-process';
import { CONFIG } from './config.ts';
import { createConsole } from './console.ts';
import { createSimulatorClient } from './simulator-client.ts';

export function start(edge: NodeJS.Process): Promise<void> {
  return runServiceProcess(edge, {
    name: 'console',
    config: CONFIG,
    needs: ['log'],
    wire: ({ config, host, ...shared }) => {
      const simulatorUrl = config.BELFRY_SIMULATOR_URL;
      return createConsole({
        ...shared,
        http: host.app,
        apiUrl: () => config.BELFRY_API_URL,
        apiKey: credential(config, 'apiKey'),
        tenant: API_KEY_TENANT,
        sessionSecret: credential(config, 'cookieSecret'),
        allowedOrigins: config.BELFRY_CONSOLE_ORIGINS,
        ...(simulatorUrl === undefined ? {} : { simulator: createSimulatorClient(simulatorUrl) }),
      });
    },
  });
}
